import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../base/errors.ts";
import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { LazyService } from "./lazy-service.ts";
import type { Service } from "./serve.ts";

const REFUSED: Answer = { status: 403, headers: [], body: "" };
const exchange = {} as Exchange;

test("a service is loaded once, by the first of its requests, and answers all of them", async () => {
  let loads = 0;
  const answered: Exchange[] = [];
  const behind: Service = {
    name: "iam",
    answer: async (e) => void answered.push(e),
    refusal: () => REFUSED,
  };
  const lazy = new LazyService("iam", async () => {
    loads++;
    return behind;
  });
  assert.equal(loads, 0);
  await Promise.all([lazy.answer(exchange), lazy.answer(exchange)]);
  await lazy.answer(exchange);
  assert.equal(loads, 1);
  assert.equal(answered.length, 3);
  assert.equal(lazy.refusal(exchange, new ServiceError("AccessDenied")), REFUSED);
});

test("code that can't be loaded fails the request that asked, and is asked for again by the next", async () => {
  let loads = 0;
  const lazy = new LazyService("iam", () => {
    loads++;
    return Promise.reject(new Error("no such file"));
  });
  await assert.rejects(lazy.answer(exchange), /no such file/);
  await assert.rejects(lazy.answer(exchange), /no such file/);
  assert.equal(loads, 2);
  assert.equal(lazy.refusal(exchange, new ServiceError("InternalError")).status, 500);
});
