/** A service whose code is loaded with the first request for it: what a store is never asked for costs it no start. */
import type { ServiceError } from "../../base/errors.ts";
import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Service } from "./serve.ts";

export class LazyService implements Service {
  readonly name: string;
  readonly #load: () => Promise<Service>;
  #loading: Promise<Service> | undefined;
  #service: Service | undefined;

  constructor(name: string, load: () => Promise<Service>) {
    this.name = name;
    this.#load = load;
  }

  async answer(exchange: Exchange): Promise<void> {
    this.#service ??= await this.#loadOnce();
    await this.#service.answer(exchange);
  }

  /** Without its code a service has no form for an error: then it is the bare status. */
  refusal(exchange: Exchange, error: ServiceError): Answer {
    return this.#service?.refusal(exchange, error) ?? { status: error.status, headers: [], body: "" };
  }

  #loadOnce(): Promise<Service> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }
}
