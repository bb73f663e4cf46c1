/** Opens nothing in its turn, says that it has, and hears nothing from then on. */
process.on("message", (message: { kind?: string }) => {
  if (message.kind === "open") process.send?.({ kind: "has-opened" });
});
process.send?.({ kind: "asks-to-open" });
