/** Serves express-pouchdb, the benchmark's peer, from the given folder; prints its free port. */

const express = require("express");
const PouchDB = require("pouchdb-node").defaults({ prefix: `${process.argv[2]}/` });

const app = express();
app.use("/", require("express-pouchdb")(PouchDB, { mode: "minimumForPouchDB", inMemoryConfig: true }));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
