#include "io/groups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util/parse.h"

/* name:password:number:members, the number of the line with that name; -ENOENT: another one. */
static int read_line(char *line, const char *name, gid_t *ret_group)
{
	size_t length = strlen(name);
	char *number, *end;
	uint64_t value;

	if (strncmp(line, name, length) != 0 || line[length] != ':')
		return -ENOENT;
	number = strchr(line + length + 1, ':');
	end = number ? strchr(number + 1, ':') : NULL;
	if (!end)
		return -ENOENT;
	*end = '\0';
	if (parse_count(number + 1, 0, (gid_t)-2, &value) < 0)
		return -ENOENT;
	*ret_group = (gid_t)value;
	return 0;
}

int group_find(const char *name, gid_t *ret_group)
{
	char *line = NULL;
	size_t size = 0;
	uint64_t value;
	int result = -ENOENT;
	FILE *file;

	if (parse_count(name, 0, (gid_t)-2, &value) == 0) {
		*ret_group = (gid_t)value;
		return 0;
	}
	file = fopen("/etc/group", "re");
	if (!file)
		return -errno;
	while (result && getline(&line, &size, file) >= 0)
		result = read_line(line, name, ret_group);
	free(line);
	(void)fclose(file);
	return result;
}

bool group_has_peer(gid_t group, int fd, gid_t primary)
{
	gid_t few[32], *groups = few;
	socklen_t size = sizeof(few);
	bool is_in = group == primary;
	int result;

	if (is_in || group == (gid_t)-1)
		return is_in && group != (gid_t)-1;
	result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
	if (result < 0 && errno == ERANGE) {
		/* size now says how much it takes */
		groups = malloc(size);
		result = groups ? getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) : -1;
	}
	for (size_t i = 0; result == 0 && !is_in && i < size / sizeof(*groups); i++)
		is_in = groups[i] == group;
	if (groups != few)
		free(groups);
	return is_in;
}
