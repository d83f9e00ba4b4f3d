// The verifier of sigstore-js: reads lines of JSON, and answers each with 1 (accepted) or 0.
//
//     NODE_PATH=… node judge.cjs < proofs.jsonl
"use strict";
const { createInterface } = require("node:readline");
const { verifyMerkleInclusion } = require("@sigstore/verify/dist/tlog/merkle.js");
const { VerificationError } = require("@sigstore/verify/dist/error.js");

function accepts(claim) {
  const entry = {
    canonicalizedBody: Buffer.from(claim.leaf, "hex"),
    inclusionProof: {
      logIndex: String(claim.index),
      hashes: claim.path.map((hash) => Buffer.from(hash, "hex")),
    },
  };
  const checkpoint = { logSize: BigInt(claim.size), logHash: Buffer.from(claim.root, "hex") };
  try {
    verifyMerkleInclusion(entry, checkpoint);
    return true;
  } catch (error) {
    if (error instanceof VerificationError) return false;
    throw error;
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(accepts(JSON.parse(line)) ? "1\n" : "0\n");
});
