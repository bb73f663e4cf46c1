/** Opens nothing in its turn, says that it has (`closed`: and that it has closed), and hears nothing from then on. */
process.on("message", (message: { kind?: string }) => {
  if (message.kind !== "open") return;
  process.send?.({ kind: "has-opened" });
  if (process.argv[2] === "closed") process.send?.({ kind: "has-closed" });
});
process.send?.({ kind: "asks-to-open" });
