/** The `strongroom` command. */
import { runCli } from "./cli.ts";

const [, program = import.meta.filename, ...args] = process.argv;
process.exitCode = await runCli(args, process.env, program);
