/** DeleteObject and DeleteObjects, with the instruction files that belong to the objects (spec section 7). */
import {
  type DeleteObjectCommand,
  type DeleteObjectCommandOutput,
  type DeleteObjectsCommand,
  type DeleteObjectsCommandOutput,
} from "@aws-sdk/client-s3";
import { withInput } from "./commands.ts";
import { type Context, type Request, target } from "./context.ts";
import { instructionKey } from "./instruction-files.ts";

export async function deleteObject(
  context: Context,
  command: DeleteObjectCommand,
  request: Request,
): Promise<DeleteObjectCommandOutput> {
  const output = await context.s3.send(command, request.handler);
  if (!context.options.deleteInstructionFiles) return output;
  // The file has its own versions and ETag: conditions and ids of the object do not apply. A missing one is no error.
  const { VersionId: _v, IfMatch: _m, IfMatchLastModifiedTime: _t, IfMatchSize: _s, ...rest } = command.input;
  const Key = instructionKey(target(command.input).Key, request.instructionFileSuffix);
  await context.s3.send(withInput(command, { ...rest, Key }), request.handler);
  return output;
}

export async function deleteObjects(
  context: Context,
  command: DeleteObjectsCommand,
  request: Request,
): Promise<DeleteObjectsCommandOutput> {
  const output = await context.s3.send(command, request.handler);
  const objects = command.input.Delete?.Objects;
  if (!context.options.deleteInstructionFiles || objects === undefined) return output;
  const failed = new Set(output.Errors?.map((error) => error.Key));
  const Objects = objects
    .filter(({ Key }) => Key !== undefined && !failed.has(Key))
    .map(({ Key }) => ({ Key: instructionKey(Key ?? "", request.instructionFileSuffix) }));
  if (Objects.length === 0) return output;
  await context.s3.send(
    withInput(command, { ...command.input, Delete: { ...command.input.Delete, Objects } }),
    request.handler,
  );
  return output;
}
