# SPDX-License-Identifier: MIT
"""A row of the table: one stock program in one configuration, how to ask it, and what is known about it."""
import glob
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Callable, Union

import lab
from program import BUILD_DIRECTORY, WRAPPER, is_bound

from conversation import ask
from judgement import BROADCAST

IPV4 = lab.IPV4 + (BROADCAST,)
ALL = IPV4 + lab.IPV6
UNPACKED = f'{BUILD_DIRECTORY}/check-programs/unpacked'
FOLDERS = ('/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/games', '/usr/lib/ipsec', '/usr/lib/frr')


class Missing(Exception):
	"""The program is not installed."""


def numbered(number, destination):
	"""A line that tells its number and where it went."""
	return f'ask {number} {destination.title}\n'.encode()


def repeats(answer, request):
	"""An echo."""
	return request in answer


def listens(port):
	"""Is there a TCP socket that listens on that port? For programs that open their UDP port on demand."""
	for table in ('tcp', 'tcp6'):
		with open(f'/proc/thread-self/net/{table}') as lines:
			next(lines)
			for line in lines:
				local, _, state = line.split()[1:4]
				if state == '0A' and int(local.rpartition(':')[2], 16) == port:
					return True
	return False


@dataclass(frozen=True)
class Stock:
	"""In argv, files and before, @DIR@ is the scratch folder, and @WRAPPER@ what stands in front of a service's own line:
	`replyfrom` or, in the plain run, `env`."""
	name: str
	package: str
	argv: tuple
	port: int = lab.PORT
	request: Union[bytes, Callable] = numbered      # the datagram, or (number, destination) -> datagram
	is_answer: Callable = repeats                   # (answer, request) -> bool
	talk: Callable = ask                            # holds one conversation at one destination
	destinations: tuple = ALL                       # one that shows a wrong source first: some treat their first request specially
	client_port: int = 0
	once: bool = False                              # serves one peer: started anew for each destination
	flow: int = 2                                   # how many requests of one flow it answers
	ready: Callable = is_bound
	files: tuple = ()                               # (name, text or bytes) pairs
	folders: tuple = ()                             # made in the scratch folder, writable for everybody
	before: tuple = ()                              # commands that prepare the start
	environment: tuple = ()                         # (name, value) pairs
	needs: tuple = ()                               # further packages
	unpack: bool = False                            # conflicts with another package: unpacked, not installed
	in_service: bool = False                        # helped by @WRAPPER@ in the service's line, not by one around it all
	reason: str = ''                                # why it stays wrong
	stays: tuple = ()                               # the destinations where it does; all if there is a reason and this is empty
	remark: str = ''
	quick: bool = False                             # is part of `make check`

	def find(self, program):
		"""The path of a program, looked up among what was unpacked first."""
		if program.startswith(('/', '@')) and os.path.exists(program.replace('@WRAPPER@', WRAPPER)):
			return program
		folders = [f'{UNPACKED}/{self.package}{folder}' for folder in FOLDERS if self.unpack] + ([] if self.unpack else list(FOLDERS))
		found = shutil.which(os.path.basename(program), path=os.pathsep.join(folders))
		if not found:
			raise Missing(f'{program} is not installed (package {self.package})')
		return found

	def prepare(self, scratch, helped):
		"""Write what the program reads, and return its command line."""
		def fill(text):
			return (text.replace('@DIR@', scratch).replace('@WRAPPER@', WRAPPER if helped else '/usr/bin/env')
				.replace('@UNPACKED@', f'{UNPACKED}/{self.package}'))
		program = self.find(fill(self.argv[0]))
		for folder in self.folders:
			path = fill(folder if folder.startswith('/') else f'@DIR@/{folder}')
			os.makedirs(path, exist_ok=True)
			if path.startswith(scratch):
				os.chmod(path, 0o777)
		for name, text in self.files:
			path = fill(name if name.startswith('/') else f'@DIR@/{name}')
			os.makedirs(os.path.dirname(path), exist_ok=True)
			with open(path, 'wb') as file:
				file.write(text if isinstance(text, bytes) else fill(text).encode())
			os.chmod(path, 0o755)
		for command in self.before:
			prepared = subprocess.run([fill(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
				env={**os.environ, **self.settings(scratch)})
			if prepared.returncode:
				raise Missing(f'{command[0]}: {prepared.stderr.decode(errors="replace").strip()[-200:]}')
		return [program, *map(fill, self.argv[1:])]

	def settings(self, scratch):
		"""The environment variables for the program."""
		return {'HOME': scratch, **{name: value.replace('@DIR@', scratch) for name, value in self.environment}}

	def version(self):
		"""What dpkg calls the version of the package."""
		if self.unpack:
			archives = glob.glob(f'{UNPACKED}/{self.package}_*.deb')
			query = ['dpkg-deb', '-f', *archives[:1], 'Version']
		else:
			query = ['dpkg-query', '-W', '-f', '${Version}', self.package]
		return subprocess.run(query, capture_output=True, text=True).stdout.strip() or 'unknown'

	def datagram(self, number, destination):
		return self.request(number, destination) if callable(self.request) else self.request
