// What a TypeScript client of the official SDK sees of a server over stdio, as one JSON object.
//
// It is the same for both generations of the SDK; each brings its own `connect`.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const ERROR = "io.innkeeper/error";
const TICKS_PER_S = 100; // what /proc counts in, on every Linux that Node runs on
const PATIENCE_MS = 60_000;
const BUSY_S = 0.1;

// `connect(command, revision)` gives { client, transport, revision, call, ping }.
export async function scenario(connect, request) {
  const session = await connect(request.command, request.revision);
  const seen = { revision: session.revision, server: introduction(session.client) };
  seen.tools = await listed(session);
  seen.echo = answer(await session.call("echo.echo", { text: "grüße" }));
  seen.facts = answer(await session.call("hello.describe", { text: "one two" }));
  seen.together = await together(session);
  seen.tool_error = refusal(await session.call("result-error.parse", { digit: "x" }));
  seen.trap = refusal(await session.call("unreachable.fail", {}));
  seen.invalid = refusal(await session.call("echo.echo", { text: 1 }));
  seen.unknown = await protocolError(() => session.call("echo.missing", {}));
  if (session.ping) seen.ping = await session.ping();
  seen.cancelled = await cancelled(session);
  seen.distrust = await distrust(session);
  seen.left_s = await leaving(session);
  return { ...seen, ...(await loading(connect, request)) };
}

function introduction(client) {
  const { name, version } = client.getServerVersion();
  return { name, version };
}

async function listed({ client }) {
  const { tools } = await client.listTools();
  return Object.fromEntries(
    tools.map(({ name, inputSchema, outputSchema, annotations }) => [
      name,
      { inputSchema, outputSchema, annotations },
    ]),
  );
}

async function together({ call }) {
  const numbers = Array.from({ length: 32 }, (_, number) => number);
  const results = await Promise.all(
    numbers.map((number) => call("echo.add", { a: number, b: 1 })),
  );
  return results.map((result) => result.structuredContent.result);
}

function answer(result) {
  return {
    structured: result.structuredContent,
    text: result.content[0].text,
    is_error: result.isError ?? false,
  };
}

function refusal(result) {
  return { is_error: result.isError, error: result._meta[ERROR], text: result.content[0].text };
}

async function protocolError(call) {
  try {
    return { answered: await call() };
  } catch (error) {
    return { code: error.code, data: error.data };
  }
}

async function cancelled(session) {
  const pid = session.transport.pid;
  const abort = new AbortController();
  const call = session.call("long-loop.endless", {}, { signal: abort.signal });
  const outcome = call.then(
    () => "answered",
    () => "raised",
  );
  await busy(pid);
  abort.abort("enough");
  const before_s = cpu_s(pid);
  await sleep(1000);
  return {
    outcome: await outcome,
    cpu_s: cpu_s(pid) - before_s,
    after: answer(await session.call("echo.echo", { text: "ada" })),
  };
}

// The client must not take what does not fit the tool's output schema: a true answer is spoilt on
// its way.
async function distrust({ transport, call }) {
  const hear = transport.onmessage;
  transport.onmessage = (message, ...rest) => {
    if (message.result?.structuredContent) message.result.structuredContent = { result: 5 };
    hear(message, ...rest);
  };
  try {
    await call("echo.echo", { text: "ada" });
    return "believed";
  } catch {
    return "refused";
  } finally {
    transport.onmessage = hear;
  }
}

// Seconds until the server has ended by itself; the SDK ends it after two.
async function leaving({ client, transport }) {
  const pid = transport.pid;
  const began = performance.now();
  await client.close();
  await until(() => stat(pid) === undefined, `the server ${pid} stays`);
  return (performance.now() - began) / 1000;
}

// The progress of a plugin that loads, and what a subscription says when it is there.
async function loading(connect, request) {
  const session = await connect(request.slow_command, request.revision);
  const subscription = session.listen && (await session.listen());
  const seen = { progress: await progress(session) };
  if (subscription) {
    await until(subscription.told, "nothing is told of new tools");
    seen.changes = { honored: subscription.honored, told: true };
    await subscription.close();
  }
  await session.client.close();
  return seen;
}

async function progress({ call }) {
  const reports = [];
  const onprogress = (report) => reports.push({ done: report.progress, message: report.message });
  const result = await call("slow.answer", {}, { onprogress });
  return { reports, answer: answer(result) };
}

async function busy(pid) {
  const before_s = cpu_s(pid);
  await until(() => cpu_s(pid) - before_s >= BUSY_S, `the server ${pid} does not compute`);
}

async function until(condition, what) {
  const giveUp = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > giveUp) throw new Error(what);
    await sleep(5);
  }
}

// Seconds of CPU that a process has used (proc_pid_stat(5)).
function cpu_s(pid) {
  const fields = stat(pid);
  return fields === undefined ? 0 : (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields;
  } catch {
    return undefined;
  }
}
