// Everything works without these scripts; with them nothing reloads, times stay true and keys answer.
import "htmx.org";

import { startBulk } from "./scripts/bulk.js";
import { startComposer } from "./scripts/composer/index.js";
import { startDevice } from "./scripts/device.js";
import { startFields } from "./scripts/fields.js";
import { startFrames } from "./scripts/frames.js";
import { startImports } from "./scripts/imports.js";
import { startKeys } from "./scripts/keys.js";
import { startLive } from "./scripts/live.js";
import { startMenus } from "./scripts/menus.js";
import { startOrdering } from "./scripts/ordering.js";
import { startUploads } from "./scripts/uploads.js";
import { startPalette } from "./scripts/palette.js";
import { startNotes } from "./scripts/notes.js";
import { startPanes } from "./scripts/panes.js";
import { refocusPlanned, startPlanner } from "./scripts/planner.js";
import { startPresence } from "./scripts/presence.js";
import { startSearches } from "./scripts/searches.js";
import { startSettings } from "./scripts/settings.js";
import { startTheme } from "./scripts/theme.js";
import { startTimes } from "./scripts/times.js";
import { startToasts } from "./scripts/toasts.js";

startTheme();
startMenus();
startPanes();
startFields();
startFrames();
startKeys();
startTimes();
startToasts();
startBulk();
startPalette();
startComposer();
startImports();
startOrdering();
startUploads();
startSearches();
startSettings();
// Two pages know of passkeys.
if (document.querySelector("[data-passkey]")) import("./scripts/passkeys.js").then((passkeys) => passkeys.startPasskeys());
startNotes();
startPresence();
startPlanner();
refocusPlanned();
startLive();
startDevice();
