-- Numbers figures and tables, resolves references to them, and writes callouts, as Quarto does.
-- Runs before --citeproc, so that references are gone when citations are looked up.
local numbers, names = {}, { fig = "Figure", tbl = "Table" }
local counts = { fig = 0, tbl = 0 }

local function count(id)
  local kind = id:match("^(%a+)%-")
  if names[kind] == nil then return nil end
  counts[kind] = counts[kind] + 1
  numbers[id] = names[kind] .. " " .. counts[kind]
  return numbers[id]
end

local function figure(fig)
  local label = count(fig.identifier)
  if label == nil then return nil end
  local caption = fig.caption.long[1]
  if caption ~= nil then
    table.insert(caption.content, 1, pandoc.Strong({ pandoc.Str(label .. ". ") }))
  end
  fig.content = fig.content:walk({
    Image = function(image)
      image.attributes.alt = image.attributes["fig-alt"]
      image.attributes["fig-alt"] = nil
      return image
    end,
  })
  return fig
end

local function div(el)
  local label = count(el.identifier)
  if label ~= nil then
    local caption = table.remove(el.content)
    table.insert(caption.content, 1, pandoc.Strong({ pandoc.Str(label .. ". ") }))
    table.insert(el.content, 1, pandoc.Div({ caption }, { class = "caption" }))
    el.classes:insert("table-block")
    return el
  end
  if el.classes:find_if(function(c) return c:match("^callout%-") end) then
    local title = el.attributes.title
    el.attributes.title = nil
    el.classes:insert("callout")
    if title then
      table.insert(el.content, 1, pandoc.Para({ pandoc.Strong({ pandoc.Str(title) }) }))
    end
    return el
  end
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
