/**
 * The route table, derived from the list of operations. A sub-resource that exists but not for this method is 405, never
 * silently the plain operation: `DELETE /bucket?versioning` must not delete the bucket.
 */
import type { HeaderView } from "../../auth/headers.ts";
import type { Query } from "../../auth/query.ts";
import { fail } from "../../base/errors.ts";
import type { Operation, Route } from "./operation.ts";

type Target = Route["target"];

/** Routes of one method and target: the plain ones, and those with a sub-resource, the most demanding first. */
interface Slot {
  readonly plain: readonly Operation[];
  readonly special: readonly Operation[];
}

const nameOf = (part: string): string => part.split("=", 1)[0] ?? part;
const weight = (op: Operation): number =>
  (op.route.query?.length ?? 0) * 2 + (op.route.header === undefined ? 0 : 1);

export class Router {
  readonly #slots = new Map<Target, Map<string, Slot>>();
  /** Names that are a sub-resource of some route. Everything else in a query is a parameter. */
  readonly #subResources = new Set<string>();
  readonly #methods = new Map<Target, Set<string>>();

  constructor(operations: readonly Operation[]) {
    for (const op of operations) {
      const first = op.route.query?.[0];
      if (first !== undefined) this.#subResources.add(nameOf(first));
      this.#methods.set(
        op.route.target,
        (this.#methods.get(op.route.target) ?? new Set()).add(op.route.method),
      );
    }
    for (const target of ["service", "bucket", "object"] as const) {
      const slots = new Map<string, Slot>();
      this.#slots.set(target, slots);
      for (const method of this.#methods.get(target) ?? []) {
        const here = operations
          .filter((op) => op.route.method === method && op.route.target === target)
          .toSorted((a, b) => weight(b) - weight(a));
        slots.set(method, {
          plain: here.filter((op) => op.route.query === undefined),
          special: here.filter((op) => op.route.query !== undefined),
        });
      }
    }
  }

  /** Throws MethodNotAllowed, or InvalidArgument for two sub-resources at once. */
  match(method: string, target: Target, query: Query, headers: HeaderView): Operation {
    const slot = this.#slots.get(target)?.get(method);
    const asked = query.size === 0 ? undefined : this.#subResource(query);
    if (slot === undefined) return this.#refuse(target, asked);
    if (asked !== undefined) {
      if (asked === "list-type" && method === "GET") requireListType(query);
      return slot.special.find((op) => fits(op, query, headers)) ?? this.#refuse(target, asked);
    }
    return slot.plain.find((op) => fits(op, query, headers)) ?? this.#refuse(target, asked);
  }

  #subResource(query: Query): string | undefined {
    let found: string | undefined;
    for (const [name] of query.entries()) {
      if (!this.#subResources.has(name) || name === found) continue;
      if (found !== undefined) {
        fail("InvalidArgument", {
          message: `Conflicting query string parameters: ${found}, ${name}`,
          elements: { ArgumentName: "ResourceType", ArgumentValue: found },
        });
      }
      found = name;
    }
    return found;
  }

  #refuse(target: Target, asked: string | undefined): never {
    const allowed = [...(this.#methods.get(target) ?? [])].join(", ");
    fail("MethodNotAllowed", {
      elements: { ResourceType: asked?.toUpperCase() ?? target.toUpperCase() },
      headers: { Allow: allowed },
    });
  }
}

/** A parameter whose value chooses the operation, so that another value is a bad argument and no other method's resource. */
function requireListType(query: Query): void {
  const value = query.get("list-type") ?? "";
  if (value !== "2")
    fail("InvalidArgument", {
      message: "Invalid List Type specified in Request",
      elements: { ArgumentName: "list-type", ArgumentValue: value },
    });
}

/** Presigners move `x-amz-*` headers into the query, where they mean the same (spec access 1.6). */
function isHoisted(header: string, query: Query): boolean {
  if (query.size === 0 || !query.has("X-Amz-Signature")) return false;
  for (const [name] of query.entries()) if (name.toLowerCase() === header) return true;
  return false;
}

function fits(op: Operation, query: Query, headers: HeaderView): boolean {
  const { route } = op;
  if (route.header !== undefined && !headers.has(route.header) && !isHoisted(route.header, query))
    return false;
  for (const part of route.query ?? []) {
    const equals = part.indexOf("=");
    if (equals < 0 ? !query.has(part) : query.get(part.slice(0, equals)) !== part.slice(equals + 1))
      return false;
  }
  return true;
}
