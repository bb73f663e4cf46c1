/**
 * Which operation a command is. By class first; by the SDK's own schema name when the application's copy of the SDK is
 * not ours, because a PutObject that is not recognised would send plaintext.
 */
interface AnyCommand {
  readonly input: object;
}

/** The operation's name, for example `PutObject`; `undefined` when nothing tells. */
export function operationName(command: AnyCommand): string | undefined {
  const schema: unknown = "schema" in command ? command.schema : undefined;
  if (Array.isArray(schema) && typeof schema[2] === "string") return schema[2];
  const className = command.constructor.name;
  return className.endsWith("Command") ? className.slice(0, -"Command".length) : undefined;
}

export function isOperation<C extends AnyCommand>(
  command: AnyCommand,
  name: string,
  constructor: abstract new (...args: never[]) => C,
): command is C {
  return command instanceof constructor || operationName(command) === name;
}

/** The same command, middleware included, with another input. The caller's own command is left alone. */
export function withInput<C extends AnyCommand>(command: C, input: C["input"]): C {
  // Casts: the language types prototypes as any. The copy is of the command's own class.
  const copy = Object.create(Object.getPrototypeOf(command) as object) as C;
  return Object.assign(copy, command, { input });
}

/** Commands that carry object content under a name: must not pass through unrecognised. */
export function carriesContent({ input }: AnyCommand): boolean {
  return "Body" in input && input.Body !== undefined && "Key" in input;
}
