import java.security.SecureRandom;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.encryption.s3.CommitmentPolicy;
import software.amazon.encryption.s3.S3EncryptionClient;
import software.amazon.encryption.s3.algorithms.AlgorithmSuite;
import software.amazon.encryption.s3.internal.InstructionFileConfig;
import software.amazon.encryption.s3.materials.Keyring;
import software.amazon.encryption.s3.materials.KmsKeyring;

class Clients {
  static boolean writes(String format) {
    return true;
  }

  static S3EncryptionClient.Builder builder(String format, boolean file, S3Client s3) {
    boolean commits = format.equals("V3");
    S3EncryptionClient.Builder builder = S3EncryptionClient.builderV4()
        .commitmentPolicy(commits ? CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT : CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)
        .encryptionAlgorithm(commits ? AlgorithmSuite.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY
            : AlgorithmSuite.ALG_AES_256_GCM_IV12_TAG16_NO_KDF);
    if (file) builder.instructionFileConfig(
        InstructionFileConfig.builder().instructionFileClient(s3).enableInstructionFilePutObject(true).build());
    return builder;
  }

  static Keyring kmsKeyring(KmsClient kms, String keyId) {
    return KmsKeyring.builder().kmsClient(kms).wrappingKeyId(keyId).secureRandom(new SecureRandom()).build();
  }
}
