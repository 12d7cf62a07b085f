#include "io/listener.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/privileges.h"
#include "io/proc.h"
#include "io/tree.h"
#include "util/macros.h"

enum {
	SOCKETS_MAX = 16, /* on one port: addresses times SO_REUSEPORT */
	TCP_LISTEN = 0x0a,
	DESCRIPTORS_MAX = 65536, /* looked at in one search; the rest counts as unreadable */
};

struct listening_socket {
	uint64_t inode;
	uid_t uid;
};

struct listener_search {
	const struct listener_query *query;
	struct listening_socket sockets[SOCKETS_MAX];
	unsigned count;
	unsigned looked_at; /* descriptors, so far */
	bool found_self;
	bool is_ours_unreadable; /* a process of the service hides its descriptors */
	pid_t self_pid;
	pid_t foreign_pid;
};

static bool is_zero(const uint8_t *bytes, size_t length)
{
	while (length && !bytes[length - 1])
		length--;
	return !length;
}

static bool is_address_asked(const struct listener_query *query, const uint8_t *address, bool ipv6)
{
	size_t length = ipv6 ? 16 : 4;

	if (!query->has_address || is_zero(address, length))
		return !query->has_address || ipv6 || !query->is_ipv6;
	return ipv6 == query->is_ipv6 && memcmp(address, query->address, length) == 0;
}

/* The kernel prints addresses as 32-bit words in host order, the port as a number. */
static bool parse_address(const char *hex, bool ipv6, uint8_t *ret_address, unsigned *ret_port)
{
	unsigned words = ipv6 ? 4 : 1;

	for (unsigned i = 0; i < words; i++, hex += 8) {
		uint32_t word;

		if (sscanf(hex, "%8" SCNx32, &word) != 1)
			return false;
		memcpy(ret_address + 4 * i, &word, 4);
	}
	return sscanf(hex, ":%4x", ret_port) == 1;
}

/* Adds the sockets of one table that listen where the query asks. Returns 0 or -errno. */
static int read_table(struct listener_search *search, const char *path, bool ipv6)
{
	FILE *file = fopen(path, "re");
	char line[512], local[64];
	uint8_t address[16];
	unsigned port, state, uid;
	uint64_t inode;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file) && search->count < SOCKETS_MAX) {
		if (sscanf(line, " %*u: %63s %*s %x %*s %*s %*s %u %*u %" SCNu64, local, &state,
			&uid, &inode) != 4)
			continue; /* the heading */
		if (state != TCP_LISTEN)
			break; /* listeners come first: the connections may be many thousands */
		if (!parse_address(local, ipv6, address, &port))
			continue;
		if (port == search->query->port && is_address_asked(search->query, address, ipv6))
			search->sockets[search->count++] =
			    (struct listening_socket){ .inode = inode, .uid = uid };
	}
	fclose(file);
	return 0;
}

static int look_for_socket(struct listener_search *search, pid_t pid)
{
	char path[64], target[64];
	const struct dirent *entry;
	DIR *directory;
	int result = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (!directory)
		return -errno;
	while (result <= 0 && (entry = readdir(directory))) {
		uint64_t inode;
		ssize_t length;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		/* A stranger may have a million, and more processes that share them. */
		if (search->looked_at++ >= DESCRIPTORS_MAX) {
			result = -EMFILE;
			break;
		}
		length = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
		if (length < 0) {
			result = errno == EACCES ? -EACCES : result;
			continue;
		}
		target[length] = '\0';
		if (sscanf(target, "socket:[%" SCNu64 "]", &inode) != 1)
			continue;
		for (unsigned i = 0; i < search->count; i++)
			if (search->sockets[i].inode == inode)
				result = 1;
	}
	closedir(directory);
	return result;
}

/* Does the process hold one of the sockets? 1, 0, or -errno where that cannot be read. */
static int holds_socket(struct listener_search *search, pid_t pid)
{
	int result = look_for_socket(search, pid);
	struct privileges_loan loan;

	if (result == -EACCES && privileges_borrow(&loan, pid)) {
		result = look_for_socket(search, pid);
		privileges_give_back(&loan);
	}
	return result;
}

static bool visit_process(void *data, const struct proc_stat *stat)
{
	struct listener_search *search = data;
	int holds = holds_socket(search, stat->pid);

	if (holds == 0 || holds == -ENOENT || holds == -ESRCH)
		return true;
	if (search->query->tree && tree_has(search->query->tree, stat)) {
		search->found_self = search->found_self || holds == 1;
		search->is_ours_unreadable = search->is_ours_unreadable || holds < 0;
		if (holds == 1)
			search->self_pid = stat->pid;
	} else if (holds == 1) {
		search->foreign_pid = stat->pid;
	}
	return !search->found_self;
}

/* Those of its tree that are known: it spares the walk through all processes. */
static bool find_known(struct listener_search *search)
{
	const struct tree *tree = search->query->tree;

	if (!tree)
		return false;
	if (tree->main_pid && holds_socket(search, tree->main_pid) == 1) {
		search->self_pid = tree->main_pid;
		return true;
	}
	for (unsigned is_child = 2; is_child-- > 0;) {
		for (size_t i = 0; i < tree->count; i++) {
			const struct tree_member *member = &tree->members[i];
			struct proc_stat stat;

			if (member->is_child != is_child || holds_socket(search, member->pid) != 1)
				continue;
			if (proc_read_stat(member->pid, &stat) ||
			    stat.start_time != member->start_time)
				continue;
			search->self_pid = member->pid;
			return true;
		}
	}
	return false;
}

static enum listener_owner judge(const struct listener_search *search)
{
	if (search->found_self)
		return LISTENER_SELF;
	if (!search->is_ours_unreadable || search->foreign_pid)
		return LISTENER_FOREIGN;
	for (unsigned i = 0; i < search->count; i++)
		if (search->sockets[i].uid == search->query->uid)
			return LISTENER_UNKNOWN;
	return LISTENER_FOREIGN;
}

void listener_find(const struct listener_query *query, struct listener *ret_listener)
{
	struct listener_search search = { .query = query };
	int ipv4 = read_table(&search, "/proc/net/tcp", false);
	int ipv6 = read_table(&search, "/proc/net/tcp6", true);

	*ret_listener = (struct listener){ .owner = LISTENER_NONE };
	if (!search.count) {
		if (ipv4 && ipv6)
			ret_listener->owner = LISTENER_UNKNOWN;
		return;
	}
	search.found_self = find_known(&search);
	if (!search.found_self)
		(void)proc_each(visit_process, &search);
	ret_listener->owner = judge(&search);
	ret_listener->pid = search.found_self ? search.self_pid : search.foreign_pid;
	if (!ret_listener->pid)
		return;
	proc_read_command(ret_listener->pid, ret_listener->command, sizeof(ret_listener->command));
}
