// Everything works without these scripts; with them nothing reloads, times stay true and keys answer.
import "htmx.org";

import { startBulk } from "./scripts/bulk.js";
import { startComposer } from "./scripts/composer/index.js";
import { startDevice } from "./scripts/device.js";
import { startFrames } from "./scripts/frames.js";
import { startImports } from "./scripts/imports.js";
import { startKeys } from "./scripts/keys.js";
import { startLive } from "./scripts/live.js";
import { startMenus } from "./scripts/menus.js";
import { startOrdering } from "./scripts/ordering.js";
import { startPalette } from "./scripts/palette.js";
import { startNotes } from "./scripts/notes.js";
import { startPanes } from "./scripts/panes.js";
import { startPasskeys } from "./scripts/passkeys.js";
import { startPresence } from "./scripts/presence.js";
import { startTheme } from "./scripts/theme.js";
import { startTimes } from "./scripts/times.js";
import { startToasts } from "./scripts/toasts.js";

startTheme();
startMenus();
startPanes();
startFrames();
startKeys();
startTimes();
startToasts();
startBulk();
startPalette();
startComposer();
startImports();
startOrdering();
startPasskeys();
startNotes();
startPresence();
startLive();
startDevice();
