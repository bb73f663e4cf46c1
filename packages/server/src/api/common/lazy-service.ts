/** A service whose code is loaded with the first request for it: what a store is never asked for costs it no start. */
import { assert, type ServiceError } from "../../base/errors.ts";
import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Service } from "./serve.ts";

export class LazyService implements Service {
  readonly name: string;
  readonly #load: () => Promise<Service>;
  #loading: Promise<Service> | undefined;
  #loaded: Service | undefined;

  constructor(name: string, load: () => Promise<Service>) {
    this.name = name;
    this.#load = load;
  }

  async answer(exchange: Exchange): Promise<void> {
    this.#loaded ??= await (this.#loading ??= this.#load());
    await this.#loaded.answer(exchange);
  }

  refusal(exchange: Exchange, error: ServiceError): Answer {
    assert(this.#loaded !== undefined, "only a service that was loaded refuses");
    return this.#loaded.refusal(exchange, error);
  }
}
