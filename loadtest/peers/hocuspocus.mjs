// Hocuspocus with its defaults on a loopback port: in memory, or with its SQLite extension if a database is named.
import { Server } from "@hocuspocus/server";

const [port, database] = process.argv.slice(2);
const extensions = [];
if (database) {
  const { SQLite } = await import("@hocuspocus/extension-sqlite");
  extensions.push(new SQLite({ database }));
}
await new Server({ address: "127.0.0.1", port: Number(port), quiet: true, extensions }).listen();
