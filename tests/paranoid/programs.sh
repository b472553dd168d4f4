#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: programs.sh NAME    something for the program of that name to do
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/a.cc" <<'END'
#include <map>
#include <regex>
#include <string>
#include <vector>
int main(int argc, char **argv)
{
	std::map<std::string, std::vector<int>> m;
	for (int i = 0; i < argc * 100; i++)
		m[std::to_string(i)].push_back(i);
	return std::regex_match(argv[0], std::regex("(a|b)*c")) + (int)m.size();
}
END

case $1 in
gdb)
	g++ -g -O1 -o "$work/a" "$work/a.cc"
	gdb -nx -batch -ex 'info functions main' -ex 'break main' -ex run -ex bt -ex 'info locals' \
		-ex 'ptype m' -ex 'disassemble main' "$work/a"
	;;
node)
	node -e '
let s = 0;
for (let i = 0; i < 3000; i++) s += JSON.parse(JSON.stringify({a: i, b: [i]})).b.length;
function f(n) { return n ? f(n - 1) + [1].map(x => x + Math.random()).length : 0; }
for (let i = 0; i < 300; i++) s += f(100);
console.log(s)'
	;;
luajit)
	luajit -e '
local t = {}
for i = 1, 200000 do t[i % 5000 + 1] = {i, tostring(i) .. "x"} end
local function f(n) if n == 0 then return {} end local r = f(n - 1) r[n] = n .. "" return r end
for i = 1, 300 do f(100) end
for i = 1, 200 do pcall(error, {i}) end
for i = 1, 200 do local c = coroutine.wrap(function() for k = 1, 20 do coroutine.yield({k}) end end)
  for k = 1, 20 do c() end end
print(#t)'
	;;
redis-server)
	redis-server --port 0 --unixsocket "$work/s" --save '' --daemonize no > /dev/null &
	while [ ! -S "$work/s" ]; do sleep 0.1; done
	redis-benchmark -s "$work/s" -n 5000 -q -t set,get,lpush,sadd,hset,zadd,lrange_100
	redis-cli -s "$work/s" eval 'for i=1,200 do redis.call("set","k"..i,i) end return 1' 0
	redis-cli -s "$work/s" shutdown nosave
	wait
	;;
git)
	cd "$work"
	git init -q .
	for i in 1 2 3; do
		cp a.cc "$i.cc"
		git add .
		git -c user.name=a -c user.email=a@b commit -qm "$i"
	done
	git log -p --stat
	git gc -q
	;;
perl)
	perl -e 'my %h; $h{$_} = [$_ x 3] for 1..50000; my @k = sort map { lc } keys %h;
		my $n = 0; for (@k) { $n++ if /1(2|3)+4/ } eval { die { a => 1 } } for 1..100; print "$n\n"'
	;;
gcc)
	g++ -O2 -g -c -o "$work/a.o" "$work/a.cc"
	;;
clang)
	clang -x c -O2 -g -c -o "$work/a.o" - <<'END'
#include <stdio.h>
#include <stdlib.h>
int f(int n) { int *p = malloc(n); for (int i = 0; i < n / 4; i++) p[i] = i; return p[0] + printf("%d", n); }
END
	;;
esac
