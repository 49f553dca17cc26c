// The client of `@modelcontextprotocol/sdk` (1.x): the revisions that open with `initialize`.
//
// It offers its newest revision; an older one is put in its place, and it takes the server's answer.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

import { report } from "./report.mjs";

async function connect([command, ...args], revision) {
  const transport = new StdioClientTransport({ command, args, stderr: "inherit" });
  const client = new Client({ name: "conformance", version: "1" });
  const session = { client, transport, ping: () => client.ping() };
  offer(transport, revision);
  transport.setProtocolVersion = (agreed) => (session.revision = agreed);
  session.call = (name, given, options) =>
    client.callTool({ name, arguments: given }, undefined, options);
  await client.connect(transport);
  return session;
}

function offer(transport, revision) {
  const send = transport.send.bind(transport);
  transport.send = (message, ...rest) => {
    if (message.method === "initialize") message.params.protocolVersion = revision;
    return send(message, ...rest);
  };
}

await report(connect);
