/** The store that a run drives: one that is given, or one of the run's own, started as a user starts it. */
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { REGION, startServer } from "../../../tools/interop/server.ts";

export interface Store {
  readonly endpoint: string;
  readonly kmsEndpoint: string;
  readonly kmsKeyId: string;
  readonly region: string;
  stop(): Promise<void>;
}

/** Sets this process's AWS variables too: the SDKs and the drivers find the credentials there. */
export async function ownStore(): Promise<Store> {
  const server = await startServer();
  Object.assign(process.env, server.env);
  const kms = new KMSClient({ endpoint: server.endpoint, region: REGION });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  kms.destroy();
  return {
    endpoint: server.endpoint,
    kmsEndpoint: server.endpoint,
    kmsKeyId: KeyMetadata?.Arn ?? "",
    region: REGION,
    stop: () => server.stop(),
  };
}
