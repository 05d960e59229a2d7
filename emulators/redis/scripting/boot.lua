-- The sandbox in which scripts and functions run. Loaded once per runtime; gets the host's functions from Python as its argument
-- and returns the entry points that Python calls. Nothing of this file is visible to scripts except what is put into `base`.
local host = ...
local getinfo, sethook, native_next, native_pairs = debug.getinfo, debug.sethook, next, pairs
local native_getmetatable, native_setmetatable = getmetatable, setmetatable
local native_rawget, native_rawset, native_unpack, native_error = rawget, rawset, unpack, error
local native_loadstring, native_pcall, native_xpcall, native_type = loadstring, pcall, xpcall, type
local native_create, native_setfenv, native_tostring, native_select = coroutine.create, setfenv, tostring, select
local native_concat, native_sub, native_find, native_byte = table.concat, string.sub, string.find, string.byte

-- Protected tables: scripts hold an empty proxy, whose reads go to the real table and whose writes fail.
local real = native_setmetatable({}, {__mode = "k"})

local function refuse()
  native_error("Attempt to modify a readonly table", 2)
end

local function protect(content, index)
  local proxy = {}
  real[proxy] = content
  return native_setmetatable(proxy, {__index = index or content, __newindex = refuse})
end

local function missing(_, name)
  native_error("Script attempted to access nonexistent global variable '" .. native_tostring(name) .. "'", 2)
end

local function copy(source, names)
  local result = {}
  if names then
    for name in names:gmatch("%S+") do result[name] = source[name] end
  else
    for name, value in native_pairs(source) do result[name] = value end
  end
  return result
end

-- An error as the server's commands see it: a table with `err`, a code in front. A leading minus says that the code is there.
local function make_error(text)
  if native_byte(text, 1) == 45 then
    text = native_sub(text, 2)
    if not native_find(text, " ", 1, true) then text = "ERR " .. text end
  else
    text = "ERR " .. text
  end
  return {err = (text:gsub("[\r\n]+$", ""))}
end

-- Where in the user's chunk an error came from is added to it, and text becomes an error table.
local function on_error(problem)
  if native_type(problem) ~= "table" then
    problem = {err = "ERR " .. native_tostring(problem)}
  end
  for level = 2, 12 do
    local info = getinfo(level, "Sl")
    if not info then break end
    if info.source == "@user_script" or info.source == "@user_function" then
      problem.source = info.source
      problem.line = info.currentline
      break
    end
  end
  return problem
end

local base = copy(_G, "assert collectgarbage error gcinfo ipairs rawequal select tonumber tostring type _VERSION")

function base.next(source, key)
  return native_next(real[source] or source, key)
end

function base.pairs(source)
  if native_type(source) ~= "table" then
    native_error("bad argument #1 to 'pairs' (table expected, got " .. (source == nil and "nil" or native_type(source)) .. ")", 2)
  end
  return native_next, real[source] or source, nil
end

function base.rawget(source, key)
  return native_rawget(real[source] or source, key)
end

function base.rawset(target, key, value)
  if real[target] then native_error("Attempt to modify a readonly table", 0) end
  return native_rawset(target, key, value)
end

function base.setmetatable(target, meta)
  if real[target] then native_error("Attempt to modify a readonly table", 0) end
  return native_setmetatable(target, meta)
end

local string_meta = protect({__index = string})
function base.getmetatable(target)
  if native_type(target) == "string" then return string_meta end
  if real[target] then return protect({__index = real[target]}) end
  return native_getmetatable(target)
end

-- The C function walks into memory that is not there when asked for too much.
function base.unpack(...)
  local list, first, last = ...
  if (last or #list) - (first or 1) >= 8000 then native_error("too many results to unpack", 2) end
  return native_unpack(...)
end

-- An error table of a command is handed on as its text, as the server does.
local function unwrap_error(ok, first, ...)
  if not ok and native_type(first) == "table" and native_type(native_rawget(first, "err")) == "string" then
    return ok, first.err
  end
  return ok, first, ...
end

function base.pcall(...)
  return unwrap_error(native_pcall(...))
end

function base.xpcall(action, handler)
  return native_xpcall(action, handler)
end

local function load_text(text, name)
  if native_byte(text, 1) == 27 then return nil, "attempt to load a binary chunk (mode is 'text')" end
  local chunk, problem = native_loadstring(text, name or text)
  if chunk then native_setfenv(chunk, base._G) end
  return chunk, problem
end

base.loadstring = load_text
function base.load(reader, name)
  local parts = {}
  while true do
    local part = reader()
    if part == nil or part == "" then break end
    parts[#parts + 1] = part
  end
  return load_text(native_concat(parts), name or "=(load)")
end

local hook_step, hook = 0, nil
local coroutines = copy(coroutine)
function coroutines.create(action)
  local thread = native_create(action)
  if hook then sethook(thread, hook, "", hook_step) end
  return thread
end

function coroutines.wrap(action)
  local thread = coroutines.create(action)
  local resume = coroutine.resume
  return function(...)
    local function check(ok, ...)
      if not ok then native_error((...), 0) end
      return ...
    end
    return check(resume(thread, ...))
  end
end

local maths = copy(math)
function maths.random(low, high)
  local draw = host.random()
  if low == nil then return draw end
  if high == nil then low, high = 1, low end
  if low > high then
    native_error("bad argument #" .. (low == 1 and "1" or "2") .. " to 'random' (interval is empty)", 2)
  end
  return math.floor(draw * (high - low + 1)) + low
end

function maths.randomseed(seed)
  host.randomseed(seed)
end

local strings = copy(string)

-- redis.* --------------------------------------------------------------------------------------------------------------------

-- So many values do not fit through the bridge one by one; they go in a table.
local BRIDGE, direct_call, table_call = 200, host.call, host.call_table
local function call(...)
  if native_select("#", ...) > BRIDGE then return table_call({...}) end
  return direct_call(...)
end
local protocol = 2

local function redis_call(...)
  local reply = call(...)
  if reply == true and protocol == 2 then return {ok = "OK"} end
  if native_type(reply) == "table" and reply.err ~= nil then native_error(reply, 0) end
  return reply
end

local function redis_pcall(...)
  local reply = call(...)
  if reply == true and protocol == 2 then return {ok = "OK"} end
  return reply
end

local api = {
  call = redis_call,
  pcall = redis_pcall,
  LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3,
  REPL_NONE = 0, REPL_AOF = 1, REPL_SLAVE = 2, REPL_REPLICA = 2, REPL_ALL = 3,
  REDIS_VERSION = host.version, REDIS_VERSION_NUM = host.version_number,
}

function api.error_reply(...)
  local text = ...
  if native_select("#", ...) ~= 1 or native_type(text) ~= "string" then
    return make_error("wrong number or type of arguments")
  end
  if native_byte(text, 1) ~= 45 then text = "-" .. text end
  return make_error(text)
end

function api.status_reply(...)
  local text = ...
  if native_select("#", ...) ~= 1 or native_type(text) ~= "string" then
    return make_error("wrong number or type of arguments")
  end
  return {ok = text}
end

function api.sha1hex(...)
  if native_select("#", ...) ~= 1 then native_error(make_error("wrong number of arguments"), 0) end
  return host.sha1hex(native_tostring((...)))
end

function api.log(...)
  local count = native_select("#", ...)
  local level = ...
  if count < 2 then native_error(make_error("redis.log() requires two arguments or more."), 0) end
  if native_type(level) ~= "number" then native_error(make_error("First argument must be a number (log level)."), 0) end
  if level < 0 or level > 3 then native_error(make_error("Invalid debug level."), 0) end
end

function api.setresp(...)
  if native_select("#", ...) ~= 1 then native_error(make_error("redis.setresp() requires one argument."), 0) end
  if not host.running() then
    native_error(make_error("redis.setresp can only be called inside a script invocation"), 0)
  end
  local version = ...
  if version ~= 2 and version ~= 3 then native_error(make_error("RESP version must be 2 or 3."), 0) end
  protocol = version
  host.setresp(version)
end

function api.set_repl(...)
  if not host.running() then
    native_error(make_error("redis.set_repl can only be called inside a script invocation"), 0)
  end
  if native_select("#", ...) ~= 1 then native_error(make_error("redis.set_repl() requires two arguments."), 0) end
  local flags = ...
  if native_type(flags) ~= "number" or flags < 0 or flags > 3 then
    native_error(make_error("Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."), 0)
  end
  host.set_repl(flags)
end

function api.acl_check_cmd(...)
  if not host.running() then
    native_error(make_error("redis.acl_check_cmd can only be called inside a script invocation"), 0)
  end
  local allowed = host.acl_check(...)
  if native_type(allowed) == "table" then native_error(allowed, 0) end
  return allowed
end

local script_api = copy(api)
function script_api.replicate_commands() return true end
function script_api.breakpoint() return false end
function script_api.debug() end

-- Libraries -------------------------------------------------------------------------------------------------------------------

base.string = protect(strings)
base.table = protect(copy(table))
base.math = protect(maths)
base.coroutine = protect(coroutines)
for name, content in native_pairs(host.libraries(make_error)) do base[name] = protect(content) end

local function environment(content)
  native_setmetatable(content, {__index = missing})
  local proxy = protect(content)
  native_rawset(content, "_G", proxy)
  return proxy
end

-- Functions see the same world without KEYS and ARGV, and can register themselves while a library is being loaded.
local function_base = copy(base)
local loading_api = copy(api, "log LOG_DEBUG LOG_VERBOSE LOG_NOTICE LOG_WARNING REDIS_VERSION REDIS_VERSION_NUM")

local function check_name(name, what, kind)
  if native_type(name) ~= kind then native_error(make_error(what), 0) end
end

function loading_api.register_function(...)
  local count = native_select("#", ...)
  local first, second = ...
  if count < 1 or count > 2 then
    native_error(make_error("wrong number of arguments to redis.register_function"), 0)
  end
  if not host.loading() then
    native_error(make_error("redis.register_function can only be called on FUNCTION LOAD command"), 0)
  end
  local name, callback, description, flags
  if count == 1 then
    check_name(first, "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).", "table")
    for key, value in native_pairs(first) do
      check_name(key, "named argument key given to redis.register_function is not a string", "string")
      local lowered = key:lower()
      if lowered == "function_name" then
        check_name(value, "function_name argument given to redis.register_function must be a string", "string")
        name = value
      elseif lowered == "description" then
        check_name(value, "description argument given to redis.register_function must be a string", "string")
        description = value
      elseif lowered == "callback" then
        check_name(value, "callback argument given to redis.register_function must be a function", "function")
        callback = value
      elseif lowered == "flags" then
        check_name(value, "flags argument to redis.register_function must be a table representing function flags", "table")
        flags = value
      else
        native_error(make_error("unknown argument given to redis.register_function"), 0)
      end
    end
    if not name then native_error(make_error("redis.register_function must get a function name argument"), 0) end
    if not callback then native_error(make_error("redis.register_function must get a callback argument"), 0) end
  else
    check_name(first, "first argument to redis.register_function must be a string", "string")
    check_name(second, "second argument to redis.register_function must be a function", "function")
    name, callback = first, second
  end
  local listed = {}
  for _, flag in ipairs(flags or {}) do
    if native_type(flag) ~= "string" then native_error(make_error("unknown flag given"), 0) end
    listed[#listed + 1] = flag
  end
  local problem = host.register(name, callback, description or false, native_concat(listed, ","))
  if problem then native_error(make_error(problem), 0) end
end

base.redis = protect(script_api)
native_setmetatable(loading_api, {__index = missing})
local function_redis, loading_redis = protect(copy(api)), protect(loading_api)
function_base.redis = function_redis
-- While a library is loaded its world is this and nothing else.
local loading_base = native_setmetatable({redis = loading_redis}, {__index = missing})
base.__redis__err__handler = on_error
local script_environment = environment(base)
local function_environment = environment(function_base)

-- Entry points ----------------------------------------------------------------------------------------------------------------

local entry = {}

function entry.compile(text, name, for_functions)
  if native_byte(text, 1) == 27 then return nil, "attempt to load a binary chunk" end
  local chunk, problem = native_loadstring(text, name)
  if not chunk then return nil, problem end
  chunk = native_loadstring(host.patch(string.dump(chunk)), name)
  return native_setfenv(chunk, for_functions and function_environment or script_environment)
end

-- A copy without metatables, so that nothing of the script runs while Python reads the result. Proxies come out empty.
local function strip(value, depth)
  if native_type(value) ~= "table" or depth > 101 then return value end
  local plain = true
  if native_getmetatable(value) then plain = false end
  local copied = {}
  for key, item in native_next, value do
    local stripped = strip(item, depth + 1)
    if stripped ~= item then plain = false end
    copied[key] = stripped
  end
  return plain and value or copied
end

-- A flat list of strings and numbers goes back as many values, which is cheaper than a table.
local function hand_back(ok, result)
  if native_type(result) ~= "table" or not ok then return ok, result end
  result = strip(result, 1)
  local count = #result
  if count == 0 or count > 1000 or native_rawget(result, "err") or native_rawget(result, "ok") then return ok, result end
  if native_rawget(result, "map") or native_rawget(result, "set") or native_rawget(result, "double")
    or native_rawget(result, "big_number") or native_rawget(result, "verbatim_string") then return ok, result end
  for i = 1, count do
    local kind = native_type(result[i])
    if kind ~= "string" and kind ~= "number" then return ok, result end
  end
  return ok, nil, native_unpack(result, 1, count)
end

local function split(count, ...)
  if count == 0 then return {}, {...} end
  local total = native_select("#", ...)
  if count == total then return {...}, {} end
  local keys, arguments = {}, {native_select(count + 1, ...)}
  for i = 1, count do keys[i] = (native_select(i, ...)) end
  return keys, arguments
end

function entry.run_script(chunk, key_count, ...)
  protocol = 2
  local keys, arguments = split(key_count, ...)
  native_rawset(base, "KEYS", keys)
  native_rawset(base, "ARGV", arguments)
  return hand_back(native_xpcall(chunk, on_error))
end

function entry.run_function(callback, key_count, ...)
  protocol = 2
  local keys, arguments = split(key_count, ...)
  return hand_back(native_xpcall(function() return callback(keys, arguments) end, on_error))
end

function entry.load_library(chunk)
  local meta = native_getmetatable(function_environment)
  meta.__index = loading_base
  local ok, result = native_xpcall(chunk, on_error)
  meta.__index = function_base
  return ok, result
end

-- From now on Python is asked every `step` instructions of any script; an answer is an error that ends the script.
function entry.watch(step, tick)
  hook_step = step
  hook = function()
    local problem = tick()
    if problem then
      -- Again at every line from now on, so that no pcall of the script outlives it.
      sethook(hook, "l", 1)
      local source = getinfo(2, "S").source
      if source == "@user_script" or source == "@user_function" then native_error(make_error(problem), 0) end
    end
  end
  sethook(hook, "", step)
end

-- Back to asking now and then, after a script was ended.
function entry.relax()
  sethook(hook, "", hook_step)
end

return entry
