#include "app/followers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/supervisor.h"
#include "core/feed_json.h"
#include "core/reply_json.h"
#include "io/control.h"

struct follower {
	struct follower *next;
	uint64_t client;
	char id[REQUEST_ID_BYTES];
	char service[REQUEST_SERVICE_BYTES]; /* whose output; "": events */
	int64_t seq;                         /* of events: the last that was sent */
};

/* Takes line. Without memory for one the client is let go: it would miss something. */
static void followers_push(
    struct followers *followers, struct control *control, uint64_t client, char *line)
{
	if (line) {
		control_push(control, client, line, strlen(line));
	} else {
		control_reply(control, client, "", 0, true);
		followers_remove(followers, client);
	}
	free(line);
}

bool followers_add(struct followers *followers, struct control *control, uint64_t client,
    const struct request *request, char *line)
{
	struct follower *follower = line ? malloc(sizeof(*follower)) : NULL;

	if (!follower) {
		free(line);
		return false;
	}
	*follower = (struct follower){ .next = followers->first,
		.client = client,
		.seq = followers->supervisor->events.last_seq };
	memcpy(follower->id, request->id, sizeof(follower->id));
	memcpy(follower->service, request->service, sizeof(follower->service));
	followers->first = follower;
	followers_push(followers, control, client, line);
	return true;
}

void followers_remove(struct followers *followers, uint64_t client)
{
	struct follower **place = &followers->first, *follower;

	while ((follower = *place)) {
		if (follower->client != client) {
			place = &follower->next;
			continue;
		}
		*place = follower->next;
		free(follower);
	}
}

void followers_events(struct followers *followers, struct control *control)
{
	struct supervisor *supervisor = followers->supervisor;
	struct follower *next;

	for (struct follower *follower = followers->first; follower; follower = next) {
		int64_t since = follower->seq;

		next = follower->next;
		if (follower->service[0] || since == supervisor->events.last_seq)
			continue;
		follower->seq = supervisor->events.last_seq;
		followers_push(followers, control, follower->client,
		    events_encode(&supervisor->events, since, follower->id, supervisor->instance));
	}
}

bool followers_is_behind(const struct followers *followers)
{
	for (const struct follower *follower = followers->first; follower;
	     follower = follower->next)
		if (!follower->service[0] &&
		    follower->seq != followers->supervisor->events.last_seq)
			return true;
	return false;
}

void followers_line(struct followers *followers, struct control *control, const char *service,
    const struct kept_line *line)
{
	struct follower *next;

	for (struct follower *follower = followers->first; follower; follower = next) {
		next = follower->next;
		if (strcmp(follower->service, service) == 0)
			followers_push(followers, control, follower->client,
			    logs_encode_line(line, follower->id));
	}
}

static void followers_tell_end(
    struct followers *followers, struct control *control, const struct follower *follower)
{
	uint64_t client = follower->client;
	char message[96], *line;

	snprintf(message, sizeof(message), "service '%s' has been removed", follower->service);
	line = reply_encode_error(follower->id, REPLY_UNKNOWN_SERVICE, message);
	followers_remove(followers, client);
	control_reply(control, client, line ? line : "", line ? strlen(line) : 0, true);
	free(line);
}

void followers_end(struct followers *followers, struct control *control, const char *service)
{
	struct follower *next;

	for (struct follower *follower = followers->first; follower; follower = next) {
		next = follower->next;
		if (strcmp(follower->service, service) == 0)
			followers_tell_end(followers, control, follower);
	}
}

void followers_deinit(struct followers *followers)
{
	while (followers->first)
		followers_remove(followers, followers->first->client);
}
