CREATE TABLE ai_decisions (
  group_id TEXT PRIMARY KEY, timestamp TEXT NOT NULL, project_id TEXT NOT NULL, directory TEXT, batch_number INTEGER,
  images TEXT NOT NULL, ai_selected_index INTEGER, ai_crop_coords TEXT, ai_confidence REAL,
  user_selected_index INTEGER NOT NULL, user_action TEXT NOT NULL, final_crop_coords TEXT, crop_timestamp TEXT,
  image_width INTEGER NOT NULL, image_height INTEGER NOT NULL, selection_match BOOLEAN, crop_match BOOLEAN,
  CHECK (user_action IN ('approve', 'crop', 'reject')), CHECK (user_selected_index BETWEEN 0 AND 3),
  CHECK (ai_selected_index IS NULL OR ai_selected_index BETWEEN 0 AND 3),
  CHECK (ai_confidence IS NULL OR ai_confidence BETWEEN 0.0 AND 1.0), CHECK (image_width > 0 AND image_height > 0));
INSERT INTO ai_decisions VALUES
  ('mojo1_group_b', '2025-10-02T10:00:00Z', 'mojo1', '/old/mojo1', 1, '["b1.png", "b2.png"]', NULL, NULL, NULL,
   1, 'crop', '[0.1, 0.0, 0.9, 0.8]', '2025-10-02T10:01:00Z', 1664, 2432, NULL, NULL),
  ('mojo1_group_a', '2025-10-02T10:00:05Z', 'mojo1', '/old/mojo1', 1, '["a3.png", "a1.png", "a2.png"]', 0, NULL, 0.9,
   0, 'approve', NULL, NULL, 1664, 2432, 1, NULL);
