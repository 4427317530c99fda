// Starts `jitney demo` on a free port, and stops it.

import { spawn } from "node:child_process";

const START_MS = 60_000;

export async function startDemo(binary, ...more) {
  const child = spawn(binary, ["demo", "--port", "0", ...more], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise((found, failed) => {
    let text = "";
    const late = setTimeout(() => failed(new Error("the demo names no address")), START_MS);
    child.stdout.on("data", (piece) => {
      text += piece;
      const address = text.match(/http:\/\/127\.0\.0\.1:\d+\//);
      if (!address) return;
      clearTimeout(late);
      found(address[0]);
    });
    child.on("exit", (code) => failed(new Error(`the demo ended with ${code}`)));
  });
  const stop = () => new Promise((ended) => {
    if (child.exitCode !== null) return ended();
    child.on("exit", ended);
    return child.kill("SIGINT");
  });
  return { url, stop };
}
