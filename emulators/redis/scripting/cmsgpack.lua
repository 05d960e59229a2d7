-- cmsgpack: MessagePack to and from Lua values, in the way of the library that Redis carries: whole numbers as integers, lists as arrays,
-- other tables as maps, nesting beyond 16 levels packed as nil. Doubles go through Python, which has a codec for them.
local host = ...
local type, pairs, error, floor, huge = type, pairs, error, math.floor, math.huge
local char, byte, sub, concat = string.char, string.byte, string.sub, table.concat

local MAX_NESTING = 16

local function big(value, count)
  local bytes = {}
  for i = count, 1, -1 do
    bytes[i] = char(value % 256)
    value = floor(value / 256)
  end
  return concat(bytes)
end

local function pack_integer(n)
  if n >= 0 then
    if n <= 127 then return char(n) end
    if n <= 0xff then return char(0xcc, n) end
    if n <= 0xffff then return char(0xcd) .. big(n, 2) end
    if n <= 0xffffffff then return char(0xce) .. big(n, 4) end
    return char(0xcf) .. host.pack_integer(n)
  end
  if n >= -32 then return char(256 + n) end
  if n >= -128 then return char(0xd0, 256 + n) end
  if n >= -32768 then return char(0xd1) .. big(65536 + n, 2) end
  if n >= -2147483648 then return char(0xd2) .. big(4294967296 + n, 4) end
  return char(0xd3) .. host.pack_integer(n)
end

local function pack_string(text)
  local size = #text
  if size < 32 then return char(0xa0 + size) .. text end
  if size <= 0xff then return char(0xd9, size) .. text end
  if size <= 0xffff then return char(0xda) .. big(size, 2) .. text end
  return char(0xdb) .. big(size, 4) .. text
end

local function is_list(value)
  local count, largest = 0, 0
  for key in pairs(value) do
    if type(key) ~= "number" or key <= 0 or floor(key) ~= key then return false end
    if key > largest then largest = key end
    count = count + 1
  end
  return largest == count, count
end

local pack_value
pack_value = function(value, level, out)
  local kind = type(value)
  if kind == "string" then
    out[#out + 1] = pack_string(value)
  elseif kind == "number" then
    if floor(value) == value and value > -9.2e18 and value < 9.2e18 then
      out[#out + 1] = pack_integer(value)
    else
      out[#out + 1] = host.pack_double(value)
    end
  elseif kind == "boolean" then
    out[#out + 1] = value and "\195" or "\194"
  elseif kind == "table" and level < MAX_NESTING then
    local list, count = is_list(value)
    if list then
      if count <= 15 then out[#out + 1] = char(0x90 + count)
      elseif count <= 65535 then out[#out + 1] = "\220" .. big(count, 2)
      else out[#out + 1] = "\221" .. big(count, 4) end
      for i = 1, count do pack_value(value[i], level + 1, out) end
    else
      count = 0
      for _ in pairs(value) do count = count + 1 end
      if count <= 15 then out[#out + 1] = char(0x80 + count)
      elseif count <= 65535 then out[#out + 1] = "\222" .. big(count, 2)
      else out[#out + 1] = "\223" .. big(count, 4) end
      for key, item in pairs(value) do
        pack_value(key, level + 1, out)
        pack_value(item, level + 1, out)
      end
    end
  else
    out[#out + 1] = "\192"
  end
end

local function unsigned(text, at, count)
  if at + count - 1 > #text then error("Missing bytes in input.", 0) end
  local value = 0
  for i = at, at + count - 1 do value = value * 256 + byte(text, i) end
  return value
end

local function bytes_at(text, at, count)
  if at + count - 1 > #text then error("Missing bytes in input.", 0) end
  return sub(text, at, at + count - 1), at + count
end

local unpack_value

local function unpack_list(text, at, count)
  local result = {}
  for i = 1, count do result[i], at = unpack_value(text, at) end
  return result, at
end

local function unpack_map(text, at, count)
  local result = {}
  for _ = 1, count do
    local key, value
    key, at = unpack_value(text, at)
    value, at = unpack_value(text, at)
    if key ~= nil then result[key] = value end
  end
  return result, at
end

local function signed(value, bits)
  local limit = 2 ^ (bits - 1)
  return value >= limit and value - 2 ^ bits or value
end

unpack_value = function(text, at)
  local mark = byte(text, at)
  if not mark then error("Missing bytes in input.", 0) end
  at = at + 1
  if mark < 0x80 then return mark, at end
  if mark < 0x90 then return unpack_map(text, at, mark - 0x80) end
  if mark < 0xa0 then return unpack_list(text, at, mark - 0x90) end
  if mark < 0xc0 then return bytes_at(text, at, mark - 0xa0) end
  if mark >= 0xe0 then return mark - 256, at end
  if mark == 0xc0 then return nil, at end
  if mark == 0xc2 then return false, at end
  if mark == 0xc3 then return true, at end
  if mark == 0xc4 or mark == 0xd9 then return bytes_at(text, at + 1, unsigned(text, at, 1)) end
  if mark == 0xc5 or mark == 0xda then return bytes_at(text, at + 2, unsigned(text, at, 2)) end
  if mark == 0xc6 or mark == 0xdb then return bytes_at(text, at + 4, unsigned(text, at, 4)) end
  if mark == 0xca then return host.unpack_number(mark, (bytes_at(text, at, 4))), at + 4 end
  if mark == 0xcb then return host.unpack_number(mark, (bytes_at(text, at, 8))), at + 8 end
  if mark == 0xcc then return unsigned(text, at, 1), at + 1 end
  if mark == 0xcd then return unsigned(text, at, 2), at + 2 end
  if mark == 0xce then return unsigned(text, at, 4), at + 4 end
  if mark == 0xcf then return unsigned(text, at, 8), at + 8 end
  if mark == 0xd0 then return signed(unsigned(text, at, 1), 8), at + 1 end
  if mark == 0xd1 then return signed(unsigned(text, at, 2), 16), at + 2 end
  if mark == 0xd2 then return signed(unsigned(text, at, 4), 32), at + 4 end
  if mark == 0xd3 then return host.unpack_number(mark, (bytes_at(text, at, 8))), at + 8 end
  if mark == 0xdc then return unpack_list(text, at + 2, unsigned(text, at, 2)) end
  if mark == 0xdd then return unpack_list(text, at + 4, unsigned(text, at, 4)) end
  if mark == 0xde then return unpack_map(text, at + 2, unsigned(text, at, 2)) end
  if mark == 0xdf then return unpack_map(text, at + 4, unsigned(text, at, 4)) end
  error("Bad data format in input.", 0)
end

local cmsgpack = {_NAME = "cmsgpack", _VERSION = "lua-cmsgpack 0.4.0", _COPYRIGHT = "parlel", _DESCRIPTION = "MessagePack for Lua"}

function cmsgpack.pack(...)
  local count = select("#", ...)
  if count == 0 then error("bad argument #0 to 'pack' (MessagePack pack needs input.)", 2) end
  local out = {}
  for i = 1, count do pack_value((select(i, ...)), 0, out) end
  return concat(out)
end

local function check_input(text, name)
  if type(text) ~= "string" then
    error("bad argument #1 to '" .. name .. "' (string expected, got " .. (text == nil and "no value" or type(text)) .. ")", 3)
  end
end

local function several(text, limit, offset)
  local values, n, at = {}, 0, offset + 1
  while at <= #text and (limit == 0 or n < limit) do
    local ok, value, after = pcall(unpack_value, text, at)
    if not ok then error(value, 3) end
    n = n + 1
    values[n] = value
    at = after
  end
  return values, n, at
end

function cmsgpack.unpack(text)
  check_input(text, "unpack")
  local values, n = several(text, 0, 0)
  return unpack(values, 1, n)
end

local function limited(text, limit, offset, name)
  check_input(text, name)
  if offset < 0 or limit < 0 then
    error("Invalid request to unpack with offset of " .. offset .. " and limit of " .. #text .. ".", 3)
  elseif offset > #text then
    error("Start offset " .. offset .. " greater than input length " .. #text .. ".", 3)
  end
  local values, n, at = several(text, limit, offset)
  local next_offset = at > #text and -1 or at - 1
  return next_offset, unpack(values, 1, n)
end

function cmsgpack.unpack_one(text, offset)
  return limited(text, 1, offset or 0, "unpack_one")
end

function cmsgpack.unpack_limit(text, limit, offset)
  return limited(text, limit, offset or 0, "unpack_limit")
end

return cmsgpack
