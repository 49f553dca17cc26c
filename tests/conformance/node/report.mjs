// Runs the scenario that stands on the command line as JSON, and prints what was seen as JSON.

import { scenario } from "./scenario.mjs";

export async function report(connect) {
  const request = JSON.parse(process.argv[2]);
  console.log(JSON.stringify(await scenario(connect, request)));
}
