/* inotify(7) on the directories of the pairing store: has anything in it changed? */
#pragma once

#include <stdbool.h>

struct loop;
struct store_watch;

/*
 * directory (borrowed): the state directory, which need not exist. handle is called once for all
 * changes since the last store_watch_renew. Returns 0 or -ENOMEM.
 */
int store_watch_new(struct loop *loop, const char *directory, void (*handle)(void *data),
    void *data, struct store_watch **ret_watch);

/* Frees *watch and makes it NULL; harmless on NULL. */
void store_watch_free(struct store_watch **watch);

/*
 * Forgets the changes so far and watches the store as it is now. Returns whether all of it is
 * watched and lies on a filesystem that tells of changes.
 */
bool store_watch_renew(struct store_watch *watch);
