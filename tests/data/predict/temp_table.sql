CREATE TABLE ai_decisions (
  group_id TEXT PRIMARY KEY, project_id TEXT, images TEXT, ai_selected_index INTEGER, ai_crop_coords TEXT,
  ai_confidence REAL);
INSERT INTO ai_decisions VALUES
  ('x_group_1', 'mojo1', '["b2.png", "b1.png"]', 0, '[0.12, 0.0, 0.9, 0.8]', 0.75),
  ('x_group_2', 'mojo1', '["c1.png", "c2.png"]', 1, NULL, 0.5);
