// npm run dashboards
import { writeFileSync } from 'node:fs';
import { dashboards, textOf } from './dashboards.mjs';

for (const [file, dashboard] of Object.entries(dashboards))
  writeFileSync(new URL(`dashboards/${file}`, import.meta.url), textOf(dashboard));
