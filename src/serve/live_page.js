"use strict";
(() => {
  const maxRows = 200;
  const records = new Map(); // generation id: the record and its row, the oldest first
  const byId = (id) => document.getElementById(id);

  // Text from outside is set as text, never as markup; what turns or hides it is replaced.
  const visible = (text) =>
    String(text ?? "").replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  const make = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = visible(text);
    return made;
  };
  const setState = (text) => {
    if (byId("state").textContent !== text) byId("state").textContent = text;
  };

  // --- the figures and alerts ---

  const count = (number) => Number(number).toLocaleString("en-US");
  const size = (bytes) => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let step = 0;
    for (; bytes >= 1024 && step + 1 < units.length; ++step) bytes /= 1024;
    return `${step ? bytes.toFixed(1) : bytes} ${units[step]}`;
  };
  const figure = (label, value, note, tone) => {
    const tile = make("div", tone);
    tile.append(make("dt", "", label), make("dd", "value", value), make("dd", "", note));
    return tile;
  };
  const showStatus = (status) => {
    const { accepted, durable, refused } = status.events;
    byId("figures").replaceChildren(
      figure("Finished", count(status.generations.finished), "generations, ever"),
      figure("Open", count(status.generations.open), "not finished"),
      figure("Events", count(durable), `on disk of ${count(accepted)} since the start`),
      figure("Refused", count(refused), "events", refused ? "bad" : ""),
      figure("PLY files", size(status.ply_files_bytes), "stored"),
      figure("Images", size(status.images_bytes), "stored"));
    const alerts = [
      [status.is_refusing, "bad", "Events are refused: the disk is full or broken."],
      [status.is_journal_damaged, "bad", "The journal was damaged: assay history doctor says what is lost."],
      [status.corrupt_lines, "bad", `Lines of the history that cannot be read: ${count(status.corrupt_lines)}. assay history doctor names them.`],
      [status.is_queue_full, "warning", "The queue was full within the last minute: the disk does not keep up."],
      [status.trouble, "bad", `The files of the history cannot follow: ${status.trouble}`],
      [status.is_disk_low, "warning", "Less of the disk is free than the limit of the alert."],
      [status.is_ply_large, "warning", "The PLY files are over the limit of the alert."],
    ].filter(([holds]) => holds);
    const text = alerts.map(([, , words]) => words).join("\n");
    if (byId("alerts").dataset.text === text) return; // said once, not every two seconds
    byId("alerts").dataset.text = text;
    byId("alerts").replaceChildren(...alerts.map(([, tone, words]) => {
      const box = make("div", `callout ${tone}`);
      box.append(make("p", "callout-title", words));
      return box;
    }));
  };
  const askStatus = async () => {
    if (document.hidden) return;
    try {
      const response = await fetch("/v1/history/status", { cache: "no-store" });
      if (!response.ok) return;
      const status = await response.json();
      if (!status.is_handed_over) showStatus(status); // else another process knows the figures
    } catch { /* the stream says that nobody answers */ }
  };
  setInterval(askStatus, 2000);
  document.addEventListener("visibilitychange", askStatus);
  askStatus();

  // --- the generations ---

  const outcome = (record) => {
    const failure = record.failure_analysis ?? {};
    const submission = record.generation?.submission ?? {};
    const feedback = record.validator_feedback ?? {};
    if (failure.failed) return ["bad", `failed: ${failure.error_type ?? "unknown"}`];
    if (submission.pre_submission_rejection) {
      return ["warning", `not submitted: ${submission.rejection_reason ?? "no reason given"}`];
    }
    if (feedback.received) return feedback.accepted ? ["good", "accepted"] : ["warning", "not accepted"];
    if (submission.submitted) return ["neutral", "submitted"];
    return ["muted", "finished"];
  };
  const decimals = (value, digits) => (typeof value === "number" ? value.toFixed(digits) : "–");
  const shorten = (text) => {
    const letters = [...String(text ?? "")];
    return letters.length > 60 ? `${letters.slice(0, 60).join("")}…` : letters.join("");
  };
  const fill = ({ record, row }) => {
    const [tone, word] = outcome(record);
    const status = make("td");
    status.append(make("span", `badge ${tone}`, word));
    const id = record.metadata?.generation_id;
    const prompt = make("td", "", record.task?.is_base64_image ? "an image" : shorten(record.task?.prompt));
    prompt.title = visible(record.task?.prompt);
    const name = make("td", "name", id);
    name.title = visible(id);
    const time = make("td", "", String(record.metadata?.timestamp ?? "").slice(5, 19).replace("T", " "));
    time.title = visible(record.metadata?.timestamp);
    row.replaceChildren(
      time, status, make("td", "number", decimals(record.validator_feedback?.score, 4)),
      make("td", "", record.task?.task_type), prompt,
      make("td", "number", decimals(record.generation?.output?.quality_metrics?.clip_score, 4)),
      make("td", "number", decimals(record.generation?.timing?.total_time, 1)), name);
  };
  const addRecord = (record) => {
    const id = record.metadata.generation_id;
    if (records.has(id)) return; // the newest come again with a new connection
    const entry = { record, row: document.createElement("tr") };
    records.set(id, entry);
    fill(entry);
    byId("records").prepend(entry.row);
    byId("none").hidden = true;
    byId("box").hidden = false;
    if (records.size <= maxRows) return;
    const [oldest, { row }] = records.entries().next().value;
    records.delete(oldest);
    row.remove();
  };
  const addFeedback = (line) => {
    const entry = records.get(line.generation_id);
    if (!entry || line.score === undefined) return;
    const { feedback_time, score, accepted } = line;
    entry.record.validator_feedback = { received: true, feedback_time, score, accepted };
    fill(entry);
  };

  // --- the stream ---

  const withData = (use) => (event) => {
    try {
      use(JSON.parse(event.data));
    } catch { /* one event that cannot be shown costs itself alone */ }
  };
  const connect = () => {
    const stream = new EventSource(`/v1/history/events?recent=${maxRows}`);
    stream.addEventListener("open", () => setState("Connected: what is recorded shows here at once."));
    stream.addEventListener("record", withData(addRecord));
    stream.addEventListener("feedback", withData(addFeedback));
    stream.addEventListener("gap", () => {
      setState("Connected again. What was recorded in between is in the history, but may not be on this page.");
    });
    stream.addEventListener("error", () => {
      setState("Not connected to the daemon; trying again.");
      if (stream.readyState !== EventSource.CLOSED) return; // the browser tries by itself
      setTimeout(connect, 5000);
    });
  };
  connect();
})();
