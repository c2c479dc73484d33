// The processes of a validator under pm2, and a miner's: `pm2 start ecosystem.config.js --only assay-validator,...`.
// Change what is yours: the folder, the file of settings, the detector. Arguments are lists, so that no shell reads them.

const program = process.env.VALIDATOR_PROGRAM || "/usr/bin/assay";
const folder = process.env.VALIDATOR_DIR || `${process.env.HOME}/assay`;
const cache = `${folder}/cache`;

const app = (name, args) => ({
  name,
  script: program,
  args,
  interpreter: "none",
  autorestart: true,
  // A stop (0, by SIGINT 130) and a command line that is not understood (2) stay so.
  stop_exit_codes: [0, 2, 130],
  exp_backoff_restart_delay: 500,
  // SIGINT comes first, and 10 s are enough to finish the round and save.
  kill_timeout: 30000,
  max_memory_restart: "8G",
});

module.exports = {
  apps: [
    app("assay-validator", [
      "validator", "run", "--env-file", `${folder}/validator.env`, "--cache", cache, "--state", `${folder}/validator`,
      "--metrics.port", "9464",
    ]),
    app("assay-cache-updater", [
      "cache", "update", "--watch", "--cache-dir", cache, "--metrics.port", "9465",
    ]),
    app("assay-cache-generator", [
      "cache", "generate", "--watch", "--cache-dir", cache, "--provider", "scene", "--metrics.port", "9466",
    ]),
    app("assay-miner", [
      "miner", "run", "--network", "test", "--netuid", "323", "--wallet", "miner", "--detector",
      "http:http://127.0.0.1:9000/judge", "--state", `${folder}/miner`, "--metrics.port", "9467",
    ]),
  ],
};
