//go:build v3

package main

import (
	"github.com/aws/amazon-s3-encryption-client-go/v3/client"
	"github.com/aws/amazon-s3-encryption-client-go/v3/materials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const writes = "V2"

const contextKey = client.EncryptionContext

func newClient(s3Client *s3.Client, kmsClient *kms.Client, keyID string, format string) (*client.S3EncryptionClientV3, error) {
	manager, err := materials.NewCryptographicMaterialsManager(materials.NewKmsKeyring(kmsClient, keyID))
	if err != nil {
		return nil, err
	}
	return client.New(s3Client, manager)
}
