CREATE TABLE ai_decisions (
  group_id TEXT PRIMARY KEY, timestamp TEXT NOT NULL, project_id TEXT NOT NULL, directory TEXT, batch_number INTEGER,
  images TEXT NOT NULL, ai_selected_index INTEGER, ai_crop_coords TEXT, ai_confidence REAL,
  user_selected_index INTEGER, user_action TEXT, final_crop_coords TEXT, crop_timestamp TEXT,
  image_width INTEGER NOT NULL, image_height INTEGER NOT NULL, selection_match BOOLEAN, crop_match BOOLEAN,
  ai_crop_accepted BOOLEAN);
CREATE TABLE runs (run_id TEXT PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT NOT NULL,
  program_version TEXT NOT NULL, host TEXT NOT NULL, source TEXT NOT NULL, source_fingerprint TEXT NOT NULL,
  models TEXT NOT NULL, options TEXT NOT NULL);
CREATE TABLE group_scores (group_id TEXT PRIMARY KEY, num_images INTEGER NOT NULL, num_scored INTEGER NOT NULL,
  margin REAL, is_uncertain INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE image_scores (group_id TEXT NOT NULL, image_index INTEGER NOT NULL, entry TEXT NOT NULL, crc32 INTEGER,
  score REAL, softmax REAL, crop_coords TEXT, raw_crop_coords TEXT, crop_pixels TEXT, embedding_key TEXT,
  width INTEGER, height INTEGER, error TEXT, PRIMARY KEY (group_id, image_index)) WITHOUT ROWID;
CREATE TABLE dropped_images (entry TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
