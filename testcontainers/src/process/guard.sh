# Runs a broker and ends it when the test process ends, however that ends (even kill -9, even while the broker is paused).
#
#   sh -c "$GUARD" guard LOG FOLDER PROGRAM ARGUMENT...
#
# stdin is a pipe that the test process holds and never writes to: its end is the end of the test process. stdout gets
# one line, the broker's pid. The exit status is the broker's.
log=$1
folder=$2
shift 2

# When the test process dies while the broker is paused, the system sends SIGHUP to the whole group: orphaned, with a stopped member.
trap '' HUP

"$@" </dev/null >>"$log" 2>&1 &
broker=$!
echo "$broker"

# A command in the background reads from /dev/null unless it is told otherwise.
exec 3<&0 </dev/null
(
    cat <&3
    : >"$folder/.orphaned"
    kill -9 "$broker"
) >/dev/null 2>&1 &
watch=$!
exec 3<&-

wait "$broker"
status=$?
kill "$watch" 2>/dev/null
# Nobody is left who could read the data.
[ -e "$folder/.orphaned" ] && rm -rf "${folder:?}"
exit "$status"
