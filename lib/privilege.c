#include "lib/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* While CAP_SETPCAP is still there: nothing can be gained by a later exec. */
static int empty_bounding_set(void)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0;
         cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EPERM)
            return errno; /* EPERM: a container without CAP_SETPCAP */
    }
    return 0;
}

static int empty_other_sets(void)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

    memset(none, 0, sizeof(none));
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return errno;
    if (syscall(SYS_capset, &header, none) < 0)
        return errno;
    return 0;
}

int privilege_drop(uid_t uid, gid_t gid)
{
    int rc = empty_bounding_set();

    if (rc != 0)
        return rc;
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
        setresuid(uid, uid, uid) < 0)
        return errno;
    rc = empty_other_sets();
    if (rc != 0)
        return rc;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return errno;
    if (setuid(0) == 0 || setgid(0) == 0)
        return EPERM;
    return 0;
}
