# Says what a server did, from `perf script -F comm,ip,sym,dso`: one line for each kind of work, with its share of the samples.
#
# In the kernel the callers say what was asked, so the first of these that is found in the chain counts; outside it
# only the function that ran does, because optimised code keeps no frames.

function kernel(chain) {
    if (chain ~ /sync_file|fsync|fdatasync/) return "kernel: fsync"
    if (chain ~ /tcp_sendmsg|sys_sendto|sys_sendmsg|do_writev/) return "kernel: sending to sockets"
    if (chain ~ /tcp_recvmsg|sys_recvfrom|net_rx_action|napi_/) return "kernel: receiving from sockets"
    if (chain ~ /inet_csk_accept|sys_accept|sys_shutdown|tcp_close|sock_close|sys_setsockopt/) return "kernel: opening and closing sockets"
    if (chain ~ /pwrite|pread|sys_write|sys_read|vfs_|fcntl_setlk|ext4_/) return "kernel: reading, writing and locking files"
    if (chain ~ /epoll/) return "kernel: waiting for sockets"
    if (chain ~ /futex|schedule|finish_task_switch|exit_to_user_mode/) return "kernel: changing between threads"
    if (chain ~ /page_fault|sys_m(map|unmap|advise|protect)/) return "kernel: memory"
    return "kernel: anything else"
}

function program(leaf, dso) {
    if (leaf ~ /^(sqlite3|vdbe|pager|btree|wal|unix|pcache)|Btree|Vdbe|Pcache|pager_|^allocateCursor/) return "SQLite"
    if (leaf ~ /yrs::/) return "yrs: the document"
    if (leaf ~ /weft_storage|sqlx|flume/) return "storage: statements and their way to SQLite's threads"
    if (leaf ~ /tungstenite|weft_server::ws/) return "WebSocket"
    if (leaf ~ /weft_server::rooms/) return "rooms"
    if (leaf ~ /weft_protocol/) return "protocol: reading and writing messages"
    if (leaf ~ /hyper|axum|tower|matchit|httparse|http::/) return "HTTP"
    if (leaf ~ /curve25519|ed25519|sha2|sha1|hmac|argon2|blake2|ring::|aws_lc/) return "cryptography"
    if (leaf ~ /malloc|^free|dallocx|tcache|arena_|je_|_rjem|calloc|realloc|edata/) return "allocator"
    if (leaf ~ /mem(cpy|move|set|cmp)/) return "copying and comparing memory"
    if (leaf ~ /tokio::|mio::|futures_|Mutex|mutex|parking_lot|^syscall$/) return "tokio, locks and channels"
    return "anything else"
}

function count() {
    if (depth == 0) return
    samples++
    kind = (dsos[1] ~ /kernel|kallsyms|\[unknown\]/ && chain ~ /k:/) ? kernel(chain) : program(leaf, dsos[1])
    shares[kind]++
    depth = 0
    chain = ""
}

/^$/ { count(); next }
/^[^ \t]/ { next }
{
    symbol = $0
    sub(/^[ \t]*[0-9a-f]+ /, "", symbol)
    dso = symbol
    sub(/^.* \(/, "", dso)
    sub(/\)$/, "", dso)
    sub(/ \([^(]*\)$/, "", symbol)
    depth++
    dsos[depth] = dso
    if (depth == 1) leaf = symbol
    chain = chain (dso ~ /kernel|kallsyms/ ? " k:" : " u:") symbol
}
END {
    count()
    for (kind in shares) printf "%5.1f %%  %s\n", 100 * shares[kind] / samples, kind
}
