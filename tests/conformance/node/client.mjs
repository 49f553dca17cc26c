// The client of `@modelcontextprotocol/client` (2.x): 2026-07-28 without a handshake, and before.

import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

import { report } from "./report.mjs";

const MODERN = "2026-07-28";

async function connect([command, ...args], revision) {
  const transport = new StdioClientTransport({ command, args, stderr: "inherit" });
  const client = new Client({ name: "conformance", version: "1" }, options(revision));
  const call = (name, given, more) => client.callTool({ name, arguments: given }, more);
  await client.connect(transport);
  const session = { client, transport, call, revision: client.getNegotiatedProtocolVersion() };
  if (session.revision === MODERN) session.listen = () => listen(client);
  else session.ping = () => client.ping();
  return session;
}

async function listen(client) {
  let events = 0;
  client.setNotificationHandler("notifications/tools/list_changed", () => void events++);
  const { honoredFilter, close } = await client.listen({ toolsListChanged: true });
  return { honored: honoredFilter.toolsListChanged, told: () => events > 0, close };
}

// "auto" asks the server what it speaks, by `server/discover`.
function options(revision) {
  if (revision === "auto") return { versionNegotiation: { mode: "auto" } };
  if (revision === MODERN) return { versionNegotiation: { mode: { pin: MODERN } } };
  return { supportedProtocolVersions: [revision] };
}

await report(connect);
