/** The process of the `s3ec` command: arguments in, exit code out. */
import { run } from "./main.ts";

process.exitCode = await run(process.argv);
