/*
 * Who follows: clients that asked for events or a service's output with `follow`. Events are taken
 * from the ring in each turn; output lines are passed on as they come. A client that does not read
 * is dropped by the control.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lines.h"
#include "core/request.h"

struct control;
struct follower;
struct supervisor;

/* A zeroed struct is one without followers, but for its supervisor. */
struct followers {
	struct supervisor *supervisor;
	struct follower *first;
};

/*
 * The client gets the first reply (which is sent here) and what follows it, until it leaves.
 * line: the first reply, taken; NULL: memory was short. false: so it was, and nobody follows.
 */
bool followers_add(struct followers *followers, struct control *control, uint64_t client,
    const struct request *request, char *line);

/* The client has gone. */
void followers_remove(struct followers *followers, uint64_t client);

/* Sends the events that are new. */
void followers_events(struct followers *followers, struct control *control);

/* Is there an event that somebody who follows has not got yet? */
bool followers_is_behind(const struct followers *followers);

/* A service has written a line. */
void followers_line(struct followers *followers, struct control *control, const char *service,
    const struct kept_line *line);

/* A service has gone, and will not write any more: who follows it is told and let go. */
void followers_end(struct followers *followers, struct control *control, const char *service);

void followers_deinit(struct followers *followers);
