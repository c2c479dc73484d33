// Answers key_lines' commands by @polkadot/util-crypto. usage: node polkadot_lines.mjs MODULES_FOLDER
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(`${process.argv[2]}/`));
const crypto = require('@polkadot/util-crypto');
const bytes = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (array) => `0x${Buffer.from(array).toString('hex')}`;
await crypto.cryptoWaitReady();

const commands = {
  sign: (seed, message) => {
    const pair = crypto.sr25519PairFromSeed(bytes(seed));
    return `${crypto.encodeAddress(pair.publicKey, 42)} ${hex(crypto.sr25519Sign(bytes(message), pair))}`;
  },
  verify: (address, message, signature) => {
    try {
      return crypto.sr25519Verify(bytes(message), bytes(signature.slice(2)), crypto.decodeAddress(address, false, 42)) ? 'yes' : 'no';
    } catch {
      return 'no';
    }
  },
  address: (network, account) => crypto.encodeAddress(bytes(account), Number(network)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...rest] = line.split(' ');
  console.log(commands[command](...rest));
}
