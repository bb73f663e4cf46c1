/** What an answer tells of a broken input: all problems counted, the first of them told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../base/errors.ts";
import { PROBLEM_TEXTS_CHARS_MAX, PROBLEM_TEXTS_MAX } from "../../base/limits.ts";
import { enumValue, Problems } from "./constraints.ts";

function told(report: (problems: Problems) => void): string {
  const problems = new Problems("ValidationException");
  report(problems);
  try {
    problems.throwIfAny();
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    return error.message;
  }
  return "";
}

test("a few problems are all told", () => {
  assert.equal(
    told(() => {}),
    "",
  );
  const text = told((problems) => {
    problems.addNull("name");
    enumValue(["a", "b"], "c", problems, "mode");
  });
  assert.equal(
    text,
    "2 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; " +
      "Value 'c' at 'mode' failed to satisfy constraint: Member must satisfy enum value set: [a, b]",
  );
});

test("of very many problems the first are told, and the number of all", () => {
  const values = Array.from({ length: 20 }, (_, i) => `Operation${i}`);
  const many = told((problems) => {
    for (let i = 0; i < 300_000; i++) enumValue(values, "", problems, `operations.${i + 1}.member`);
  });
  assert.match(many, /^300000 validation errors detected: Value '' at 'operations\.1\.member'/);
  assert.ok(many.length < PROBLEM_TEXTS_CHARS_MAX + 1000, `${many.length} characters`);
  const short = told((problems) => {
    for (let i = 0; i < 1000; i++) problems.add("n", "be less", "1");
  });
  assert.equal(short.split("; ").length, PROBLEM_TEXTS_MAX);
  const long = told((problems) => {
    for (let i = 0; i < 1000; i++) problems.add("n", "be less", "x".repeat(50_000));
  });
  assert.ok(long.length < 51_000, `${long.length} characters`);
});
