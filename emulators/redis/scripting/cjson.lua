-- cjson: JSON to and from Lua values, with the options and error texts of the library that Redis carries.
-- Differs: error positions count characters as the original does, its internal buffers are not there.
local host, make_error = ...
local type, tostring, pairs, tonumber, error, rawget = type, tostring, pairs, tonumber, error, rawget
local format, find, sub, byte, char, gsub = string.format, string.find, string.sub, string.byte, string.char, string.gsub
local concat, floor, huge = table.concat, math.floor, math.huge

local null = host.null
local settings = {
  sparse_convert = false, sparse_ratio = 2, sparse_safe = 10, encode_depth = 1000, decode_depth = 1000,
  precision = 14, keep_buffer = true, encode_invalid = false, decode_invalid = true,
}

local escapes = {['"'] = '\\"', ["\\"] = "\\\\", ["/"] = "\\/", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\127"] = "\\u007f"}
for code = 0, 31 do
  local one = char(code)
  escapes[one] = escapes[one] or format("\\u%04x", code)
end

local function quote(text)
  if find(text, '[%c"\\/\127]') or find(text, "%z") then text = gsub(gsub(text, '[%c"\\/\127]', escapes), "%z", "\\u0000") end
  return '"' .. text .. '"'
end

local number_format = "%.14g"

local function fail(text)
  error(text, 0)
end

local encode_value

-- The length of a table that is a list, or nil. A list may have holes within limits.
local function list_length(value)
  local count, largest = 0, 0
  for key in pairs(value) do
    if type(key) ~= "number" or key <= 0 or floor(key) ~= key then return nil end
    if key > largest then largest = key end
    count = count + 1
  end
  if settings.sparse_ratio > 0 and largest > count * settings.sparse_ratio and largest > settings.sparse_safe then
    if not settings.sparse_convert then fail("Cannot serialise table: excessively sparse array") end
    return nil
  end
  return largest, count
end

local function encode_number(value)
  if value ~= value or value == huge or value == -huge then
    if not settings.encode_invalid then fail("Cannot serialise number: must not be NaN or Inf") end
    if settings.encode_invalid == "null" then return "null" end
    return value ~= value and "nan" or (value > 0 and "inf" or "-inf")
  end
  return format(number_format, value)
end

encode_value = function(value, depth)
  local kind = type(value)
  if kind == "string" then return quote(value) end
  if kind == "number" then return encode_number(value) end
  if kind == "boolean" then return value and "true" or "false" end
  if kind == "nil" or value == null then return "null" end
  if kind ~= "table" then fail("Cannot serialise " .. kind .. ": type not supported") end
  depth = depth + 1
  if depth > settings.encode_depth then fail("Cannot serialise, excessive nesting (" .. depth .. ")") end
  local length, count = list_length(value)
  local parts = {}
  if length and length > 0 then
    for i = 1, length do
      local item = rawget(value, i)
      parts[i] = item == nil and "null" or encode_value(item, depth)
    end
    return "[" .. concat(parts, ",") .. "]"
  end
  local n = 0
  for key, item in pairs(value) do
    local name = type(key)
    if name == "number" then
      name = '"' .. encode_number(key) .. '"'
    elseif name == "string" then
      name = quote(key)
    else
      fail("Cannot serialise table: table key must be a number or string")
    end
    n = n + 1
    parts[n] = name .. ":" .. encode_value(item, depth)
  end
  return "{" .. concat(parts, ",") .. "}"
end

local cjson = {_NAME = "cjson", _VERSION = "2.1.0", null = null}

function cjson.encode(...)
  if select("#", ...) ~= 1 then error("bad argument #1 to 'encode' (expected 1 argument)", 2) end
  local ok, text = pcall(encode_value, (...), 0)
  if not ok then error(text, 2) end
  return text
end

-- Decoding -----------------------------------------------------------------------------------------------------------------

local kinds = {
  ["{"] = "T_OBJ_BEGIN", ["}"] = "T_OBJ_END", ["["] = "T_ARR_BEGIN", ["]"] = "T_ARR_END", [":"] = "T_COLON", [","] = "T_COMMA",
  ['"'] = "T_STRING",
}

local function token_at(text, at)
  local first = sub(text, at, at)
  if first == "" then return "T_END" end
  if kinds[first] then return kinds[first] end
  if find(text, "^%-?%d", at) then return "T_NUMBER" end
  if find(text, "^true", at) or find(text, "^false", at) then return "T_BOOLEAN" end
  if find(text, "^null", at) then return "T_NULL" end
  return "invalid token"
end

local function expected(what, text, at)
  fail("Expected " .. what .. " but found " .. token_at(text, at) .. " at character " .. at)
end

local function utf8(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64) end
  return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

local unescapes = {['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t"}

local function decode_string(text, at)
  -- `at` is the opening quote.
  local stop = find(text, '["\\%c]', at + 1)
  if stop and byte(text, stop) == 34 then return sub(text, at + 1, stop - 1), stop + 1 end
  local parts, n, from = {}, 0, at + 1
  while true do
    local place = find(text, '["\\]', from)
    local control = find(text, "[%z\1-\31]", from)
    if control and (not place or control < place) then
      fail("Expected value but found invalid token at character " .. at)
    end
    if not place then fail("Expected value but found T_END at character " .. (#text + 1)) end
    n = n + 1
    parts[n] = sub(text, from, place - 1)
    if byte(text, place) == 34 then return concat(parts), place + 1 end
    local letter = sub(text, place + 1, place + 1)
    n = n + 1
    if unescapes[letter] then
      parts[n] = unescapes[letter]
      from = place + 2
    elseif letter == "u" then
      local digits = text:match("^%x%x%x%x", place + 2)
      if not digits then fail("Expected value but found invalid unicode escape code at character " .. place) end
      local code = tonumber(digits, 16)
      from = place + 6
      if code >= 0xD800 and code < 0xDC00 then
        local low = text:match("^\\u(%x%x%x%x)", from)
        low = low and tonumber(low, 16)
        if not low or low < 0xDC00 or low > 0xDFFF then
          fail("Expected value but found invalid unicode escape code at character " .. place)
        end
        code = (code - 0xD800) * 1024 + (low - 0xDC00) + 0x10000
        from = from + 6
      elseif code >= 0xDC00 and code <= 0xDFFF then
        fail("Expected value but found invalid unicode escape code at character " .. place)
      end
      parts[n] = utf8(code)
    else
      fail("Expected value but found invalid escape code at character " .. place)
    end
  end
end

local decode_value

local function skip(text, at)
  return find(text, "[^ \t\r\n]", at) or #text + 1
end

local function decode_object(text, at, depth)
  local result = {}
  at = skip(text, at + 1)
  if byte(text, at) == 125 then return result, at + 1 end
  while true do
    if byte(text, at) ~= 34 then expected("object key string", text, at) end
    local key, value
    key, at = decode_string(text, at)
    at = skip(text, at)
    if byte(text, at) ~= 58 then expected("colon", text, at) end
    value, at = decode_value(text, skip(text, at + 1), depth)
    result[key] = value
    at = skip(text, at)
    local mark = byte(text, at)
    if mark == 125 then return result, at + 1 end
    if mark ~= 44 then expected("comma or object end", text, at) end
    at = skip(text, at + 1)
  end
end

local function decode_array(text, at, depth)
  local result, n = {}, 0
  at = skip(text, at + 1)
  if byte(text, at) == 93 then return result, at + 1 end
  while true do
    n = n + 1
    result[n], at = decode_value(text, at, depth)
    at = skip(text, at)
    local mark = byte(text, at)
    if mark == 93 then return result, at + 1 end
    if mark ~= 44 then expected("comma or array end", text, at) end
    at = skip(text, at + 1)
  end
end

decode_value = function(text, at, depth)
  local mark = byte(text, at)
  if mark == 34 then return decode_string(text, at) end
  if mark == 123 or mark == 91 then
    depth = depth + 1
    if depth > settings.decode_depth then
      fail("Found too many nested data structures (" .. depth .. ")")
    end
    if mark == 123 then return decode_object(text, at, depth) end
    return decode_array(text, at, depth)
  end
  local digits = text:match("^%-?%d+%.?%d*[eE]?[-+]?%d*", at)
  if digits then
    local number = tonumber(digits)
    while not number and #digits > 1 do
      digits = sub(digits, 1, -2)
      number = tonumber(digits)
    end
    if find(digits, "^%-?0%d") and not settings.decode_invalid then expected("value", text, at) end
    return number, at + #digits
  end
  if find(text, "^true", at) then return true, at + 4 end
  if find(text, "^false", at) then return false, at + 5 end
  if find(text, "^null", at) then return null, at + 4 end
  if settings.decode_invalid then
    local word = text:match("^[-+]?[%a]+", at)
    local lowered = word and word:lower()
    if lowered == "nan" or lowered == "-nan" then return 0 / 0, at + #word end
    if lowered == "inf" or lowered == "infinity" then return huge, at + #word end
    if lowered == "-inf" or lowered == "-infinity" then return -huge, at + #word end
  end
  expected("value", text, at)
end

function cjson.decode(...)
  local text = ...
  if select("#", ...) ~= 1 then error("bad argument #1 to 'decode' (expected 1 argument)", 2) end
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then error("bad argument #1 to 'decode' (string expected, got " .. type(text) .. ")", 2) end
  if byte(text, 1) == 0 or (#text > 1 and byte(text, 2) == 0) then
    error("JSON parser does not support UTF-16 or UTF-32", 2)
  end
  local ok, value, at = pcall(decode_value, text, skip(text, 1), 0)
  if not ok then error(value, 2) end
  at = skip(text, at)
  if at <= #text then
    error("Expected the end but found " .. token_at(text, at) .. " at character " .. at, 2)
  end
  return value
end

-- Settings -----------------------------------------------------------------------------------------------------------------

local function whole(value, low, high, place, name)
  if type(value) ~= "number" or value < low or value > high then
    error("bad argument #" .. place .. " to '" .. name .. "' (expected integer between " .. low .. " and " .. high .. ")", 3)
  end
  return floor(value)
end

function cjson.encode_sparse_array(convert, ratio, safe)
  if convert ~= nil then settings.sparse_convert = convert end
  if ratio ~= nil then settings.sparse_ratio = whole(ratio, 0, 2147483647, 2, "encode_sparse_array") end
  if safe ~= nil then settings.sparse_safe = whole(safe, 0, 2147483647, 3, "encode_sparse_array") end
  return settings.sparse_convert, settings.sparse_ratio, settings.sparse_safe
end

function cjson.encode_max_depth(depth)
  if depth ~= nil then settings.encode_depth = whole(depth, 1, 2147483647, 1, "encode_max_depth") end
  return settings.encode_depth
end

function cjson.decode_max_depth(depth)
  if depth ~= nil then settings.decode_depth = whole(depth, 1, 2147483647, 1, "decode_max_depth") end
  return settings.decode_depth
end

function cjson.encode_number_precision(digits)
  if digits ~= nil then
    settings.precision = whole(digits, 1, 16, 1, "encode_number_precision")
    number_format = "%." .. settings.precision .. "g"
  end
  return settings.precision
end

function cjson.encode_keep_buffer(keep)
  if keep ~= nil then settings.keep_buffer = keep end
  return settings.keep_buffer
end

function cjson.encode_invalid_numbers(allow)
  if allow ~= nil then settings.encode_invalid = allow end
  return settings.encode_invalid
end

function cjson.decode_invalid_numbers(allow)
  if allow ~= nil then settings.decode_invalid = allow end
  return settings.decode_invalid
end

function cjson.new() return cjson end

return cjson
