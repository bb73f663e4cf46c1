//go:build v4

package main

import (
	"github.com/aws/amazon-s3-encryption-client-go/v4/client"
	"github.com/aws/amazon-s3-encryption-client-go/v4/commitment"
	"github.com/aws/amazon-s3-encryption-client-go/v4/materials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const writes = "V2 and V3"

const contextKey = client.EncryptionContext

func newClient(s3Client *s3.Client, kmsClient *kms.Client, keyID string, format string) (*client.S3EncryptionClientV4, error) {
	manager, err := materials.NewCryptographicMaterialsManager(materials.NewKmsKeyring(kmsClient, keyID))
	if err != nil {
		return nil, err
	}
	return client.New(s3Client, manager, func(o *client.EncryptionClientOptions) {
		o.CommitmentPolicy = commitment.FORBID_ENCRYPT_ALLOW_DECRYPT
		if format == "V3" {
			o.CommitmentPolicy = commitment.REQUIRE_ENCRYPT_ALLOW_DECRYPT
		}
	})
}
