import { runConformance } from "./conformance.ts";
import { openTestHome } from "./local/test-home.ts";
import { MemoryModel } from "./memory/model.ts";

runConformance("memory", () => {
  const model = new MemoryModel();
  return Promise.resolve({
    store: model.open(),
    another: () => Promise.resolve(model.open()),
    dispose: () => Promise.resolve(),
  });
});
runConformance("local", openTestHome);
