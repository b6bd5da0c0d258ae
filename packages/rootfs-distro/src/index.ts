export { debianArchitecture } from './debian/architecture.js'
