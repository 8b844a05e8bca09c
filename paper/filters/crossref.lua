-- Numbers figures and tables, resolves references to them, and writes callouts, as Quarto does.
-- Runs before --citeproc, so that references are gone when citations are looked up.
local numbers, names = {}, { fig = "Figure", tbl = "Table" }
local counts = { fig = 0, tbl = 0 }
local pdf, word = FORMAT == "typst", FORMAT == "docx"

local function count(id)
  local kind = id:match("^(%a+)%-")
  if names[kind] == nil then return nil end
  counts[kind] = counts[kind] + 1
  numbers[id] = names[kind] .. " " .. counts[kind]
  return numbers[id]
end

local function typst(text) return pandoc.RawBlock("typst", text) end

local function quoted(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"' end

-- pandoc's typst writer loses alt text, so the figure is written here
local function typst_figure(fig, image, alt)
  local start = "#figure(image(" .. quoted(image.src) .. ", alt: " .. quoted(alt)
  return {
    typst(start .. ", width: 100%), numbering: none, caption: ["),
    pandoc.Plain(fig.caption.long[1].content),
    typst("]) <" .. fig.identifier .. ">"),
  }
end

local function figure(fig)
  local label = count(fig.identifier)
  if label == nil then return nil end
  local caption = fig.caption.long[1]
  if caption ~= nil then
    table.insert(caption.content, 1, pandoc.Strong({ pandoc.Str(label .. ". ") }))
  end
  local image, alt
  fig.content = fig.content:walk({
    Image = function(found)
      image, alt = found, found.attributes["fig-alt"]
      found.attributes.alt, found.attributes["fig-alt"] = alt, nil
      if word then found.caption = { pandoc.Str(alt) } end
      return found
    end,
  })
  if pdf then return typst_figure(fig, image, alt) end
  return fig
end

-- Word shares the width of a table out as it is told: by the longest text of each column
local function widths(rows, columns)
  local most, total = {}, 0
  for i = 1, columns do
    most[i] = 12
    for _, row in ipairs(rows) do
      local text = row.cells[i] and pandoc.utils.stringify(row.cells[i].contents) or ""
      most[i] = math.max(most[i], math.min(#text, 34))
    end
    total = total + most[i]
  end
  for i = 1, columns do most[i] = most[i] / total end
  return most
end

-- a table comes as HTML; other forms want it as a table
local function as_table(raw)
  if FORMAT:match("html") or raw.format ~= "html" then return nil end
  local found
  local page = pandoc.read(raw.text:gsub("<style>.-</style>", ""), "html")
  page:walk({ Table = function(t) found = t end })
  if found == nil then return nil end
  local body = found.bodies[1]
  local rows = pandoc.List(found.head.rows):clone()
  rows:extend(body.body)
  local share = widths(rows, #found.colspecs)
  for i in ipairs(found.colspecs) do
    local cell = body.body[1] and body.body[1].cells[i]
    local right = cell and cell.classes:includes("gt_right")
    local side = right and pandoc.AlignRight or pandoc.AlignLeft
    found.colspecs[i] = { side, word and share[i] or nil }
  end
  for _, row in ipairs(rows) do
    for _, cell in ipairs(row.cells) do
      cell.attr, cell.alignment = pandoc.Attr(), pandoc.AlignDefault
    end
    row.attr = pandoc.Attr()
  end
  found.attr, found.head.attr, body.attr = pandoc.Attr(), pandoc.Attr(), pandoc.Attr()
  return found:walk({ Span = function(span) return span.content end })
end

local function div(el)
  local label = count(el.identifier)
  if label ~= nil then
    local caption = table.remove(el.content)
    table.insert(caption.content, 1, pandoc.Strong({ pandoc.Str(label .. ". ") }))
    el.content = el.content:walk({ RawBlock = as_table })
    table.insert(el.content, 1, pandoc.Div({ caption }, { class = "caption" }))
    el.classes:insert("table-block")
    if FORMAT:match("html") then -- a table wider than the window is moved with the keys, too
      el.attributes = { tabindex = "0", role = "region", ["aria-label"] = pandoc.utils.stringify(caption) }
    end
    return el
  end
  if el.classes:find_if(function(c) return c:match("^callout%-") end) then
    local title = el.attributes.title
    el.attributes.title = nil
    el.classes:insert("callout")
    if title then
      table.insert(el.content, 1, pandoc.Para({ pandoc.Strong({ pandoc.Str(title) }) }))
    end
  end
  for _, box in ipairs({ "answer", "callout" }) do
    if el.classes:includes(box) then
      if pdf then return { typst("#" .. box .. "["), el, typst("]") } end
      if word then el.attributes["custom-style"] = "Block Text" end
    end
  end
  return el
end

local function cite(el)
  local id = el.citations[1].id
  if numbers[id] then
    return pandoc.Link({ pandoc.Str(numbers[id]) }, "#" .. id)
  end
end

function Pandoc(doc)
  doc = doc:walk({ Figure = figure, Div = div })
  return doc:walk({ Cite = cite })
end
