// Answers one JSON line per request, driving the official Java client. Generation-specific code is in Clients.
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.spec.SecretKeySpec;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.SdkPartType;
import software.amazon.encryption.s3.S3EncryptionClient;

public class Driver {
  static final int PART_BYTES = 5 * 1024 * 1024;
  static final Region REGION = Region.of(env("S3EC_REGION"));
  // The client leaves the connection of every instruction file that it reads open, so the default pool runs dry.
  static final S3Client S3 = S3Client.builder().region(REGION)
      .httpClientBuilder(ApacheHttpClient.builder().maxConnections(5000))
      .endpointOverride(URI.create(env("S3EC_ENDPOINT"))).forcePathStyle(true).build();
  static final S3AsyncClient S3_ASYNC = S3AsyncClient.builder().region(REGION)
      .endpointOverride(URI.create(env("S3EC_ENDPOINT"))).forcePathStyle(true).build();
  static final KmsClient KMS = KmsClient.builder().region(REGION)
      .endpointOverride(URI.create(env("S3EC_KMS_ENDPOINT"))).build();
  static final Map<String, S3Client> CLIENTS = new HashMap<>();

  static String env(String name) {
    return System.getenv(name);
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    // The SDK's logging must not mix with the answers.
    System.setOut(System.err);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String answer;
      try {
        answer = answer(JsonNode.parser().parse(line));
      } catch (Throwable error) {
        answer = "{\"ok\":false,\"error\":" + quote(error.getClass().getSimpleName() + ": " + error.getMessage()) + "}";
      }
      out.println(answer);
      out.flush();
    }
    System.exit(0);
  }

  static String answer(JsonNode ask) throws Exception {
    String bucket = text(ask, "bucket");
    String key = text(ask, "key");
    S3Client client = client(text(ask, "keyring"), text(ask, "format"), text(ask, "placement").equals("file"));
    Map<String, String> context = new HashMap<>();
    if (text(ask, "keyring").equals("kms"))
      ask.field("context").get().asObject().forEach((name, value) -> context.put(name, value.text()));
    if (text(ask, "op").equals("get")) {
      ResponseBytes<GetObjectResponse> got = client.getObject(r -> {
        r.bucket(bucket).key(key);
        if (!context.isEmpty()) r.overrideConfiguration(S3EncryptionClient.withAdditionalConfiguration(context));
      }, ResponseTransformer.toBytes());
      byte[] bytes = got.asByteArray();
      StringBuilder hex = new StringBuilder();
      for (byte b : MessageDigest.getInstance("SHA-256").digest(bytes)) hex.append(String.format("%02x", b));
      return "{\"ok\":true,\"size\":" + bytes.length + ",\"sha256\":\"" + hex + "\"}";
    }
    if (text(ask, "op").startsWith("bench")) return bench(ask, bucket, key);
    if (!Clients.writes(text(ask, "format"))) throw new UnsupportedOperationException("the client writes V2 only");
    int size = Integer.parseInt(ask.field("size").get().asNumber());
    byte[] body = new byte[size];
    for (int i = 0; i < size; i++) body[i] = (byte) (i * 7 + (i >> 8));
    if (ask.field("multipart").get().asBoolean()) multipart(client, bucket, key, body, context);
    else client.putObject(r -> {
      r.bucket(bucket).key(key);
      if (!context.isEmpty()) r.overrideConfiguration(S3EncryptionClient.withAdditionalConfiguration(context));
    }, RequestBody.fromBytes(body));
    return "{\"ok\":true}";
  }

  /** Streams `size` MiB and tells how long it took. */
  static String bench(JsonNode ask, String bucket, String key) throws Exception {
    long size = Long.parseLong(ask.field("size").get().asNumber()) << 20;
    java.lang.management.OperatingSystemMXBean os = java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    com.sun.management.OperatingSystemMXBean process = (com.sun.management.OperatingSystemMXBean) os;
    S3EncryptionClient.Builder builder = Clients.builder(text(ask, "format"), false, S3)
        .enableDelayedAuthenticationMode(true).aesKey(aesKey());
    S3Client client = builder.wrappedClient(S3).wrappedAsyncClient(S3_ASYNC).build();
    long cpu = process.getProcessCpuTime();
    long started = System.nanoTime();
    if (text(ask, "op").equals("benchPut")) {
      InputStream zeros = new InputStream() {
        long left = size;
        public int read() { return left-- > 0 ? 0 : -1; }
        public int read(byte[] into, int at, int max) {
          if (left <= 0) return -1;
          int n = (int) Math.min(left, max);
          left -= n;
          return n;
        }
      };
      client.putObject(r -> r.bucket(bucket).key(key).contentLength(size), RequestBody.fromInputStream(zeros, size));
    } else {
      byte[] into = new byte[65536];
      try (InputStream body = client.getObject(r -> r.bucket(bucket).key(key))) {
        while (body.read(into) >= 0) { }
      }
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    double cpuSeconds = (process.getProcessCpuTime() - cpu) / 1e9;
    long rss = 0;
    for (String line : java.nio.file.Files.readAllLines(java.nio.file.Path.of("/proc/self/status")))
      if (line.startsWith("VmHWM")) rss = Long.parseLong(line.replaceAll("[^0-9]", ""));
    return "{\"ok\":true,\"seconds\":" + seconds + ",\"cpuSeconds\":" + cpuSeconds + ",\"rssMib\":" + rss / 1024 + "}";
  }

  static SecretKeySpec aesKey() {
    byte[] key = new byte[32];
    for (int i = 0; i < 32; i++) key[i] = (byte) Integer.parseInt(env("S3EC_AES_KEY_HEX").substring(2 * i, 2 * i + 2), 16);
    return new SecretKeySpec(key, "AES");
  }

  static void multipart(S3Client client, String bucket, String key, byte[] body, Map<String, String> context) {
    String id = client.createMultipartUpload(r -> {
      r.bucket(bucket).key(key);
      if (!context.isEmpty()) r.overrideConfiguration(S3EncryptionClient.withAdditionalConfiguration(context));
    }).uploadId();
    List<CompletedPart> parts = new ArrayList<>();
    for (int at = 0, number = 1; at < body.length; at += PART_BYTES, number++) {
      byte[] part = java.util.Arrays.copyOfRange(body, at, Math.min(body.length, at + PART_BYTES));
      boolean isLast = at + PART_BYTES >= body.length;
      int n = number;
      String etag = client.uploadPart(r -> {
        r.bucket(bucket).key(key).uploadId(id).partNumber(n).contentLength((long) part.length);
        if (isLast) r.sdkPartType(SdkPartType.LAST);
      }, RequestBody.fromBytes(part)).eTag();
      parts.add(CompletedPart.builder().partNumber(n).eTag(etag).build());
    }
    client.completeMultipartUpload(r -> r.bucket(bucket).key(key).uploadId(id).multipartUpload(m -> m.parts(parts)));
  }

  static S3Client client(String keyring, String format, boolean file) throws Exception {
    String name = keyring + format + file;
    S3Client made = CLIENTS.get(name);
    if (made != null) return made;
    S3EncryptionClient.Builder builder = Clients.builder(format, file, S3);
    builder.wrappedClient(S3).wrappedAsyncClient(S3_ASYNC);
    if (keyring.equals("aes")) {
      builder.aesKey(aesKey());
    } else if (keyring.equals("rsa")) {
      KeyFactory factory = KeyFactory.getInstance("RSA");
      Base64.Decoder base64 = Base64.getDecoder();
      builder.rsaKeyPair(new KeyPair(
          factory.generatePublic(new X509EncodedKeySpec(base64.decode(env("S3EC_RSA_PUBLIC_SPKI")))),
          factory.generatePrivate(new PKCS8EncodedKeySpec(base64.decode(env("S3EC_RSA_PRIVATE_PKCS8"))))));
    } else {
      builder.keyring(Clients.kmsKeyring(KMS, env("S3EC_KMS_KEY_ID")));
    }
    made = builder.build();
    CLIENTS.put(name, made);
    return made;
  }

  static String text(JsonNode node, String name) {
    return node.field(name).get().text();
  }

  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < 0x20 || c > 0x7e) out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }
}
