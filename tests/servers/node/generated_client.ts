// Uses the API through the types made from its document: a field or a path that is not in the
// document does not compile. Arguments: the daemon's address and an API key.
import createClient from "openapi-fetch";
import type { components, paths } from "./noond-api";

declare const process: { argv: string[] };

const [url, key] = process.argv.slice(2);
const client = createClient<paths>({
  baseUrl: url,
  headers: { Authorization: `Bearer ${key}` },
});

async function pair(device_id: string): Promise<void> {
  const made = await client.POST("/api/v1/devices/pairings", { body: { device_id } });
  if (!made.data) throw new Error(made.error.detail);
  const paired = await client.POST("/api/v1/devices/pair", {
    body: { code: made.data.code, device_id, name: "A phone" },
  });
  if (!paired.data) throw new Error(paired.error.detail);
}

async function signedIn(): Promise<components["schemas"]["Role"]> {
  const password = "a sentence that only ben knows";
  await client.POST("/api/v1/users", { body: { name: "ben", password } });
  const tokens = await client.POST("/api/v1/auth/login", { body: { name: "ben", password } });
  if (!tokens.data) throw new Error(tokens.error.detail);
  const me = await client.GET("/api/v1/auth/me", {
    headers: { Authorization: `Bearer ${tokens.data.access_token}` },
  });
  if (!me.data) throw new Error(me.error.detail);
  return me.data.user.role;
}

await pair("phone");
const body: components["schemas"]["NewAgent"] = {
  name: "garden",
  device_id: "phone",
  directory_paths: ["~/Notes"],
  file_extensions: [".md"],
  data_types: ["tasks"],
};
const created = await client.POST("/api/v1/agents", {
  params: { header: { "Idempotency-Key": "once" } },
  body,
});
if (!created.data) throw new Error(created.error.detail);
const agent: components["schemas"]["Agent"] = created.data;
const again = await client.POST("/api/v1/agents", { body });
const listed = await client.GET("/api/v1/agents", { params: { query: { limit: 10 } } });
const started = await client.POST("/api/v1/agents/{agent_id}/runs", {
  params: { path: { agent_id: agent.id } },
  body: { mode: "estimate" },
});
if (!started.data) throw new Error(started.error.detail);
const status: components["schemas"]["RunStatus"] = started.data.status;
console.log(
  JSON.stringify({
    agent_id: agent.id,
    listed: listed.data?.items.map((item) => item.name),
    refused: again.error?.code,
    role: await signedIn(),
    status,
  }),
);
