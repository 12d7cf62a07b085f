#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/cgroup.h"
#include "io/fd.h"
#include "io/oom.h"
#include "util/macros.h"

#define V1 "36 29 0:31 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
#define V1_CPU \
	"35 29 0:30 / /sys/fs/cgroup/cpu rw,relatime shared:8 - cgroup cgroup rw,cpu,cpuacct\n"
#define V2   "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define HALF "30 29 0:27 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 rw\n"
#define ROOT "22 1 8:1 / / rw,relatime - ext4 /dev/root rw\n"

static char root[] = "/tmp/test_oom.XXXXXX";

/* Writes a file below root and makes its directories; NULL: takes it away. */
static void put(const char *path, const char *content)
{
	char file[256];
	int fd;

	snprintf(file, sizeof(file), "%s%s", root, path);
	if (!content) {
		unlink(file);
		return;
	}
	for (char *slash = strchr(file + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(file, 0700);
		*slash = '/';
	}
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static void the_counter_is_found(void **state)
{
	static const struct {
		const char *what;
		const char *mounts;
		const char *cgroup;
		const char *file;
		int result; /* 0: it reads 7 */
	} rows[] = {
		{ "v2", ROOT V2, "0::/pod/a\n", "/sys/fs/cgroup/pod/a/memory.events", 0 },
		{ "v1", ROOT V1_CPU V1, "5:cpu,cpuacct:/x\n4:memory:/pod\n0::/y\n",
		    "/sys/fs/cgroup/memory/pod/memory.oom_control", 0 },
		{ "v1, with others in one hierarchy",
		    "36 29 0:31 / /m rw - cgroup cgroup rw,cpu,memory\n", "4:cpu,memory:/p\n",
		    "/m/p/memory.oom_control", 0 },
		{ "hybrid: v2 comes first and has none", HALF V1, "4:memory:/p\n0::/p\n",
		    "/sys/fs/cgroup/memory/p/memory.oom_control", 0 },
		{ "hybrid with memory in v2", V1_CPU HALF, "0::/\n",
		    "/sys/fs/cgroup/unified/memory.events", 0 },
		{ "a container without a namespace of its own",
		    "29 22 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
		    "0::/docker/abc/sub\n", "/sys/fs/cgroup/sub/memory.events", 0 },
		{ "a path that is not seen here", V2, "0::/../elsewhere\n",
		    "/sys/fs/cgroup/memory.events", 0 },
		{ "at the top", V1, "4:memory:/\n", "/sys/fs/cgroup/memory/memory.oom_control", 0 },
		{ "no optional fields", "29 22 0:26 / /c rw - cgroup2 cgroup2 rw\n", "0::/\n",
		    "/c/memory.events", 0 },
		{ "no memory controller", V1_CPU, "5:cpu,cpuacct:/\n",
		    "/sys/fs/cgroup/cpu/memory.oom_control", -ENOENT },
		{ "a controller of a longer name",
		    "36 29 0:31 / /m rw - cgroup cgroup rw,memory2\n", "4:memory2:/\n",
		    "/m/memory.oom_control", -ENOENT },
		{ "no file", V2, "0::/\n", "/elsewhere", -ENOENT },
		{ "no line of it", V2, "4:memory:/\n", "/sys/fs/cgroup/memory.events", -ENOENT },
		{ "nothing mounted", ROOT, "0::/\n", "/sys/fs/cgroup/memory.events", -ENOENT },
		{ "garbage mounts", " - cgroup2\n - - -\n1 2 3\n", "0::/\n", "/memory.events",
		    -ENOENT },
		{ "garbage cgroups", V2, "0:\n\n:::\n0::\n", "/sys/fs/cgroup/memory.events",
		    -ENOENT },
		{ "nothing at all", NULL, NULL, "/sys/fs/cgroup/memory.events", -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t count = 0;
		int fd;

		print_message("%s\n", rows[i].what);
		put("/proc/self/mountinfo", rows[i].mounts);
		put("/proc/self/cgroup", rows[i].cgroup);
		put(rows[i].file, "low 0\noom 9\noom_kill 7\n");
		fd = oom_open(root);
		if (rows[i].result) {
			assert_int_equal(fd, rows[i].result);
		} else {
			assert_true(fd >= 0);
			assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
			assert_int_equal(oom_read(fd, &count), 0);
			assert_int_equal(count, 7);
			fd_close(&fd);
		}
		put(rows[i].file, NULL);
	}
}

static int take_place(void *data, const char *directory, bool is_v2)
{
	assert_true(is_v2);
	snprintf(data, PATH_MAX, "%s", directory + strlen(root));
	return 0;
}

/* Without a controller, to be written to: version 2, and no guess. */
static void our_cgroup_is_found(void **state)
{
	static const struct {
		const char *what;
		const char *mounts;
		const char *cgroup;
		const char *directory; /* NULL: none */
	} rows[] = {
		{ "v2", ROOT V2, "0::/pod/a\n", "/sys/fs/cgroup/pod/a" },
		{ "v2 at the top", ROOT V2, "0::/\n", "/sys/fs/cgroup" },
		{ "beside v1", V1_CPU V1 HALF, "4:memory:/m\n1:cpu:/c\n0::/pod\n",
		    "/sys/fs/cgroup/unified/pod" },
		{ "below what is mounted", "29 22 0:26 /a/b /c rw - cgroup2 cgroup rw\n",
		    "0::/a/b/sub\n", "/c/sub" },
		{ "what is mounted", "29 22 0:26 /a/b /c rw - cgroup2 cgroup rw\n", "0::/a/b\n",
		    "/c" },
		{ "above our namespace, mounted there", "29 22 0:26 /.. /c rw - cgroup2 c rw\n",
		    "0::/../b\n", "/c/b" },
		{ "the second mount", "29 22 0:26 /x /d rw - cgroup2 c rw\n" V2, "0::/a\n",
		    "/sys/fs/cgroup/a" },
		{ "a blank in its name", V2, "0::/a b\n", "/sys/fs/cgroup/a b" },
		{ "beside what is mounted", "29 22 0:26 /a/b /c rw - cgroup2 cgroup rw\n",
		    "0::/a/bc\n", NULL },
		{ "above what is mounted", "29 22 0:26 /a/b /c rw - cgroup2 cgroup rw\n", "0::/a\n",
		    NULL },
		{ "outside our namespace", V2, "0::/../b\n", NULL },
		{ "v1 only", V1_CPU V1, "4:memory:/m\n1:cpu:/c\n", NULL },
		{ "no line of it", V2, "4:memory:/\n", NULL },
		{ "garbage", " - cgroup2\n - - -\n" V2, "0:\n\n:::\n0::\n", NULL },
		{ "nothing at all", NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char directory[PATH_MAX] = "";

		print_message("%s\n", rows[i].what);
		put("/proc/self/mountinfo", rows[i].mounts);
		put("/proc/self/cgroup", rows[i].cgroup);
		assert_int_equal(cgroup_find(root, NULL, take_place, directory),
		    rows[i].directory ? 0 : -ENOENT);
		assert_string_equal(directory, rows[i].directory ? rows[i].directory : "");
	}
}

static void the_counter_is_read(void **state)
{
	static const struct {
		const char *content;
		int result;
		uint64_t count;
	} rows[] = {
		{ "oom_kill_disable 0\nunder_oom 1\noom_kill 0\n", 0, 0 },
		{ "oom_kill_disable 0\nunder_oom 0\noom_kill 12\n", 0, 12 },
		{ "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n", 0, 5 },
		{ "oom_group_kill 6\noom_kill 5\n", 0, 5 },
		{ "oom_kill 18446744073709551615\n", 0, UINT64_MAX },
		{ "oom_group_kill 6\n", -ENODATA, 0 },
		{ "oom_kill_disable 0\nunder_oom 0\n", -ENODATA, 0 },
		{ "oom_kill \n", -ENODATA, 0 },
		{ "oom_kill many\n", -ENODATA, 0 },
		{ "", -ENODATA, 0 },
		{ "\xff\xfe", -ENODATA, 0 },
	};
	char file[64];
	int fd;

	put("/counter", "");
	snprintf(file, sizeof(file), "%s/counter", root);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	/* One descriptor for all: what is read is what is there now. */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t count = 0;

		print_message("'%s'\n", rows[i].content);
		put("/counter", rows[i].content);
		assert_int_equal(oom_read(fd, &count), rows[i].result);
		assert_int_equal(count, rows[i].count);
	}
	fd_close(&fd);
	put("/counter", NULL);
}

static int make_root(void **state)
{
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_counter_is_found),
		cmocka_unit_test(our_cgroup_is_found),
		cmocka_unit_test(the_counter_is_read),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
