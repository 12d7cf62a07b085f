/*
 * A look at OpenClaw's pairing store in its state directory: is a list call needless?
 *
 * Older versions keep the pending requests in `devices/pending.json`, replaced by rename; newer
 * ones in `state/openclaw.sqlite`, where a look tells nothing.
 */
#pragma once

enum store_look {
	STORE_NOTHING_PENDING, /* an older store that says so: the answer, no call is needed */
	STORE_ASK,             /* anything else, not understood and unreadable included */
};

/*
 * directory: the state directory. Costs a few stats and a read of at most a few bytes.
 *
 * An older gateway makes `devices/` at its first pairing event only. Until then it is known by
 * `tasks/runs.sqlite`, made before it listens, with no `state/openclaw.sqlite` beside it (seen on
 * 2026.5.22; 2026.9.6 makes that file before it listens). Calling in that time would be wrong, not
 * just wasteful: the call itself would pair the CLI's device, with too few scopes for an agent.
 */
enum store_look store_look(const char *directory);
