/*
 * OpenClaw's pairing store in its state directory: looks at it, and word of changes.
 *
 * Older versions keep the pending requests in `devices/pending.json`, replaced by rename; newer
 * ones in `state/openclaw.sqlite`, where only the files themselves are looked at: nothing here
 * opens a database.
 */
#pragma once

#include <stdint.h>

#include "util/store_look.h"

struct loop;
struct store;

/*
 * directory: the state directory, copied; it need not exist. handle, unless NULL, is called once
 * when the store may have changed after a look, and then not before the next look. Returns 0 or
 * -ENOMEM. Where there is no inotify(7) looks still work.
 */
int store_new(struct loop *loop, const char *directory, void (*handle)(void *data), void *data,
    struct store **ret_store);

/* Frees *store and makes it NULL; harmless on NULL. */
void store_free(struct store **store);

/*
 * Costs a few stats and a read of at most a few bytes. What has changed before is not told of any
 * more; is_watched is true only if whatever comes after will be.
 *
 * An older gateway makes `devices/` at its first pairing event only. Until then it is known by
 * `tasks/runs.sqlite`, made before it listens, with no `state/openclaw.sqlite` beside it (seen on
 * 2026.5.22; 2026.9.6 makes that file before it listens). Calling in that time would be wrong, not
 * just wasteful: the call itself would pair the CLI's device, with too few scopes for an agent.
 */
void store_look(struct store *store, struct store_look *ret_look);

/* The same without a word on changes: what is to be told stays to be told. */
void store_peek(const struct store *store, struct store_look *ret_look);
