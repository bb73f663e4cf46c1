/** One combination of the interop matrix, and what is known about who can do it. */

export type KeyringKind = "aes" | "rsa" | "kms";
export type Placement = "metadata" | "file";
export type ClientName = "ours" | "ours-web" | "java-4" | "java-3" | "go-4" | "go-3" | "python-4";

/** What a writer is asked to make. */
export interface Cell {
  readonly format: "V2" | "V3";
  readonly keyring: KeyringKind;
  readonly placement: Placement;
  readonly size: number;
  readonly multipart: boolean;
  /** With an encryption context outside ASCII, which S3 hands back in another encoding than it was sent. */
  readonly unicode: boolean;
}

const MIB = 1024 * 1024;
export const PART_BYTES: number = 5 * MIB;
export const BODIES: readonly Pick<Cell, "size" | "multipart">[] = [
  { size: 0, multipart: false },
  { size: 1, multipart: false },
  { size: 16, multipart: false },
  { size: PART_BYTES + 1, multipart: false },
  { size: 2 * PART_BYTES + 77, multipart: true },
];

export function* cells(): Generator<Cell> {
  for (const format of ["V3", "V2"] as const)
    for (const keyring of ["aes", "rsa", "kms"] as const)
      for (const placement of ["metadata", "file"] as const)
        for (const body of BODIES) yield { format, keyring, placement, unicode: false, ...body };
  for (const format of ["V3", "V2"] as const)
    for (const placement of ["metadata", "file"] as const)
      yield { format, keyring: "kms", placement, unicode: true, size: 16, multipart: false };
}

/** Why a client cannot write such a cell; `undefined` = it must be able to. */
export function cannotWrite(client: ClientName, cell: Cell): string | undefined {
  if (client === "ours" || client === "ours-web") return undefined;
  if (client.startsWith("java") && cell.unicode && cell.placement === "metadata")
    return "has an HTTP client that sends other metadata than was signed, outside ASCII";
  if (client === "java-3") return cell.format === "V3" ? "Java 3 before 3.6 knows no V3" : undefined;
  if (client === "java-4") return undefined;
  if (cell.keyring !== "kms") return "has KMS keyrings only";
  if (cell.placement === "file") return "cannot write instruction files";
  if (client === "python-4" && cell.unicode) return "refuses an encryption context outside ASCII";
  if (client === "go-4" || client === "go-3") {
    if (cell.multipart) return "has no multipart upload";
    if (client === "go-3" && cell.format === "V3") return "Go 3 writes V2 only";
  }
  return undefined;
}

/** Why a client cannot read such a cell of that writer. */
export function cannotRead(client: ClientName, cell: Cell, writer: ClientName): string | undefined {
  if (client === "java-3" && cell.format === "V3") return "Java 3 before 3.6 knows no V3";
  if (["go-4", "go-3", "python-4"].includes(client) && cell.keyring !== "kms") return "has KMS keyrings only";
  if (!cell.unicode) return undefined;
  if (client === "python-4") return "refuses an encryption context outside ASCII";
  if (/^(java|go)/.test(client) && writer.startsWith("java") && cell.placement === "file")
    return "undoes S3's encoding of metadata in an instruction file too, where there is none";
  return undefined;
}

export const contextOf = ({ unicode }: Cell): Readonly<Record<string, string>> =>
  unicode ? { purpose: "Größe 中文 🔑" } : { purpose: "interop" };

/** The same bytes in every language: byte i is 7 i + (i >> 8). */
export function patternBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 7 + (i >> 8);
  return bytes;
}
