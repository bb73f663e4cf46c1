/** The `s3ec` command. */
import { Command, CommanderError } from "commander";
import { addConnectionOptions, addKeyOptions, type CommonOptions } from "./client-options.ts";
import { inspect } from "./inspect.ts";
import { type MigrateOptions, migrate } from "./migrate.ts";
import { type RewrapOptions, rewrap } from "./rewrap.ts";
import { collectPair, parseObjectTarget, parsePositive, parseTarget, type S3Target } from "./target.ts";
import { type CatOptions, catObject, getFile, type PutOptions, putFile } from "./transfer.ts";

/** What a terminal obeys, and what some readers take for a line's end: a store that nobody trusts chooses names. */
// oxlint-disable-next-line no-control-regex -- these are what must not pass
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
/** As JSON writes it, so that JSON stays what it was. */
const shown = (text: string): string =>
  text.replace(OBEYED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
const print = (text: string): void => void process.stdout.write(`${shown(text)}\n`);
const note = (text: string): void => void process.stderr.write(`${shown(text)}\n`);

function subcommand(program: Command, name: string, description: string): Command {
  return addKeyOptions(addConnectionOptions(program.command(name).description(description)));
}

function program(): Command {
  const root = new Command("s3ec").description("Amazon S3 client-side encryption").exitOverride();
  subcommand(root, "put", "encrypt a file, or - for standard input, and store it")
    .argument("<file>")
    .argument("<target>", "s3://bucket/key", parseObjectTarget)
    .option("--content-type <type>")
    .action(async (file: string, target: S3Target, options: PutOptions) => {
      note(`${await putFile(file, target, options)} bytes encrypted`);
    });
  subcommand(
    root,
    "get",
    "decrypt an object into a file, which appears only when it is whole and authentic (AES-CBC, read with --legacy, has no authentication)",
  )
    .argument("<target>", "s3://bucket/key", parseObjectTarget)
    .argument("<file>")
    .action(async (target: S3Target, file: string, options: CommonOptions) => getFile(target, file, options));
  subcommand(root, "cat", "decrypt an object to standard output")
    .argument("<target>", "s3://bucket/key", parseObjectTarget)
    .option("--delayed", "stream before the whole is authenticated; check the exit code")
    .option("--range <a-b>", "only these bytes of the plaintext, unauthenticated")
    .action(async (target: S3Target, options: CatOptions) => catObject(target, options));
  addConnectionOptions(root.command("inspect").description("show how an object is encrypted, without a key"))
    .argument("<target>", "s3://bucket/key", parseObjectTarget)
    .option("--suffix <suffix>", "instruction file suffix, with its dot")
    .option("--json")
    .action(async (target: S3Target, options: CommonOptions) => print(await inspect(target, options)));
  subcommand(root, "rewrap", "wrap the data key in an instruction file under another key")
    .argument("<target>", "s3://bucket/key", parseObjectTarget)
    .option("--new-aes-key-file <path>")
    .option("--new-rsa-public-key-file <path>")
    .option("--new-description <name=value>", "must differ from the old one (repeatable)", collectPair)
    .option("--new-suffix <suffix>", "write another file, suffix without its dot (RSA only)")
    .option("--enforce-rotation", "fail when the old key opens the new file")
    .action(async (target: S3Target, options: RewrapOptions) => print(await rewrap(target, options)));
  subcommand(root, "migrate", "bring V1 and V2 objects under a prefix to V3, in place")
    .argument("<target>", "s3://bucket/prefix", parseTarget)
    .option("--dry-run", "only say what would be done")
    .option("--state <file>", "remember finished keys here, to go on after an interruption")
    .option("--concurrency <n>", "objects at a time", parsePositive)
    .action(async (target: S3Target, options: MigrateOptions) => {
      const counts = await migrate(target, options, note);
      print(JSON.stringify(counts));
      if (counts.failed > 0) throw new Error(`${counts.failed} objects failed`);
    });
  return root;
}

/** @returns the exit code */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    note(`s3ec: ${error instanceof Error ? `${error.name}: ${error.message}` : "failed"}`);
    return 1;
  }
}
