// Answers one JSON line per request, driving the official Go client. Generation-specific code is in clients_v*.go.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type ask struct {
	Op, Bucket, Key, Format, Keyring, Placement string
	Size                                        int
	Multipart                                   bool
	Context                                     map[string]string
}

type answer struct {
	Ok     bool   `json:"ok"`
	Sha256 string `json:"sha256,omitempty"`
	Size   int    `json:"size,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(os.Getenv("S3EC_REGION")))
	if err != nil {
		panic(err)
	}
	s3Client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.BaseEndpoint = aws.String(os.Getenv("S3EC_ENDPOINT"))
		o.UsePathStyle = true
	})
	kmsClient := kms.NewFromConfig(cfg, func(o *kms.Options) {
		o.BaseEndpoint = aws.String(os.Getenv("S3EC_KMS_ENDPOINT"))
	})
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var request ask
		reply := answer{}
		if err := json.Unmarshal(in.Bytes(), &request); err != nil {
			reply.Error = err.Error()
		} else if reply, err = run(ctx, s3Client, kmsClient, request); err != nil {
			reply = answer{Error: fmt.Sprintf("%T: %v", err, err)}
		}
		line, _ := json.Marshal(reply)
		fmt.Println(string(line))
	}
}

func run(ctx context.Context, s3Client *s3.Client, kmsClient *kms.Client, request ask) (answer, error) {
	if request.Keyring != "kms" {
		return answer{}, errors.New("the client has no raw keyrings")
	}
	client, err := newClient(s3Client, kmsClient, os.Getenv("S3EC_KMS_KEY_ID"), request.Format)
	if err != nil {
		return answer{}, err
	}
	ctx = context.WithValue(ctx, contextKey, request.Context)
	if request.Op == "get" {
		output, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &request.Bucket, Key: &request.Key})
		if err != nil {
			return answer{}, err
		}
		body, err := io.ReadAll(output.Body)
		if err != nil {
			return answer{}, err
		}
		sum := sha256.Sum256(body)
		return answer{Ok: true, Size: len(body), Sha256: hex.EncodeToString(sum[:])}, nil
	}
	if !strings.Contains(writes, request.Format) {
		return answer{}, errors.New("the client writes " + writes + " only")
	}
	if request.Multipart {
		return answer{}, errors.New("the client has no multipart upload")
	}
	if request.Placement == "file" {
		return answer{}, errors.New("the client cannot write instruction files")
	}
	body := make([]byte, request.Size)
	for i := range body {
		body[i] = byte(i*7 + i>>8)
	}
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &request.Bucket, Key: &request.Key, Body: bytes.NewReader(body)})
	return answer{Ok: err == nil}, err
}
